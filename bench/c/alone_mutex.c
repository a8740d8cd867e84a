#define KIND MUTEX
#include "lock_alone.h"
