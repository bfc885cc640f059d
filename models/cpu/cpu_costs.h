/* The costs of cpu_costs.def as a struct; a profile fills it. */
#ifndef MODELS_CPU_CPU_COSTS_H
#define MODELS_CPU_CPU_COSTS_H

#include <stdint.h>

struct cpu_costs {
#define COST(name, unit, sentence) uint64_t name;
#include "models/cpu/cpu_costs.def"
#undef COST
};

#endif
