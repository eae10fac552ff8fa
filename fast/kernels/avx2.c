#include <math.h>
#include <string.h>

#include "table.h"

#if defined(__x86_64__)
#include "isa_avx2.h"

#include "dtypes.h"
#endif
