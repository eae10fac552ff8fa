#include <math.h>
#include <string.h>

#include "table.h"

#if defined(__x86_64__)
#include "isa_avx512.h"

#include "dtypes.h"
#endif
