/* The costs of cpu_costs.def as a struct; a profile fills it. */
#ifndef MODELS_CPU_CPU_COSTS_H
#define MODELS_CPU_CPU_COSTS_H

#include <stdint.h>

struct cpu_costs {
    uint64_t none; /* always 0: ops that take no time of their own */
#define COST(name, unit, sentence) uint64_t name;
#include "models/cpu/cpu_costs.def"
#undef COST
};

#endif
