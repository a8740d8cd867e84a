#define KIND OFD
#include "lock_alone.h"
