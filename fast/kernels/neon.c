#include <math.h>
#include <string.h>

#include "table.h"

#if defined(__aarch64__)
#include "isa_neon.h"

#include "dtypes.h"
#endif
