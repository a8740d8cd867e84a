#define KIND READ_LOCK
#include "lock_alone.h"
