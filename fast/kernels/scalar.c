#include <math.h>
#include <string.h>

#include "table.h"

#include "isa_scalar.h"

#include "dtypes.h"
