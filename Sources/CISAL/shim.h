#pragma once
#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>

// A macro with casts and sums, which Swift does not see: scratch memory of level 1 for small inputs.
enum { otcluster_isal_level1_scratch_bytes = ISAL_DEF_LVL1_SMALL };
