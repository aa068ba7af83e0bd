#pragma once
#include "simd.h"
#include "scan.h"
