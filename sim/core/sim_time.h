/*
 * Simulated time: an unsigned 64-bit count of femtoseconds from power-up.
 * Wraps after 5.1 hours of simulated time; the scenario loader refuses runs
 * that long.
 */
#ifndef SIM_CORE_SIM_TIME_H
#define SIM_CORE_SIM_TIME_H

#include <stdint.h>

typedef uint64_t sim_time; /* femtoseconds */

#define SIM_TIME_NEVER UINT64_MAX

#define SIM_PS ((sim_time)1000)
#define SIM_NS (1000 * SIM_PS)
#define SIM_US (1000 * SIM_NS)
#define SIM_MS (1000 * SIM_US)
#define SIM_S (1000 * SIM_MS)

#endif
