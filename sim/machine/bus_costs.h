/* The costs of bus_costs.def as a struct; a profile fills it. */
#ifndef SIM_MACHINE_BUS_COSTS_H
#define SIM_MACHINE_BUS_COSTS_H

#include "sim/core/sim_time.h"

struct bus_costs {
#define COST(name, unit, sentence) sim_time name;
#include "sim/machine/bus_costs.def"
#undef COST
};

#endif
