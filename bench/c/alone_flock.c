#define KIND FLOCK
#include "lock_alone.h"
