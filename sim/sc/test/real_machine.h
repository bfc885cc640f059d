// A machine of the library, from a shipped scenario, and its figures.
#ifndef SIM_SC_TEST_REAL_MACHINE_H
#define SIM_SC_TEST_REAL_MACHINE_H

#include <cstdio>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sim/sc/machine_c.h"
extern "C" {
#include "sim/core/diag.h"
#include "sim/scenario/scenario_load.h"
}

// Short enough for a test, long enough for some hundred interrupts.
inline const struct scenario &shipped_scenario(unsigned variant)
{
    static struct scenario_set *set = [] {
        const char *shorter[] = {"warmup=1ms", "duration=5ms"};
        struct scenario_options options = {};
        struct diag mistakes;

        options.set = shorter;
        options.set_count = std::size(shorter);
        diag_init(&mistakes);
        struct scenario_set *loaded =
            scenario_load("scenarios/eli-netperf.yaml", &options, &mistakes);
        diag_print(&mistakes, stderr);
        diag_free(&mistakes);
        return loaded;
    }();

    if (!set)
        throw std::runtime_error("the scenario has mistakes");
    return set->variant[variant];
}

struct machine_deleter {
    void operator()(struct machine *m) const
    {
        machine_free(m);
    }
};

using machine_pointer = std::unique_ptr<struct machine, machine_deleter>;

inline machine_pointer shipped_machine(unsigned variant)
{
    return machine_pointer(machine_build(&shipped_scenario(variant)));
}

// One figure a line, every bit of it; of a run in which something happened.
inline std::vector<std::string> figures_text(struct machine *m)
{
    struct figures figures;
    std::vector<std::string> text;
    char value[64];

    figures_init(&figures);
    const char *broken = machine_finish(m, &figures);
    EXPECT_EQ(broken, nullptr) << broken;
    const struct figure *delivered =
        figures_find(&figures, "interrupts.delivered");
    EXPECT_TRUE(delivered && delivered->count > 100);
    for (std::size_t i = 0; i < figures.count; i++) {
        const struct figure &f = figures.list[i];

        std::snprintf(value, sizeof value, " %d %ju %a ", f.kind,
                      static_cast<std::uintmax_t>(f.count), f.real);
        text.push_back(f.key + std::string(value) + f.unit);
    }
    figures_free(&figures);
    return text;
}

inline void expect_same_figures(struct machine *a, struct machine *b)
{
    std::vector<std::string> of_a = figures_text(a), of_b = figures_text(b);

    ASSERT_EQ(of_a.size(), of_b.size());
    for (std::size_t i = 0; i < of_a.size(); i++)
        ASSERT_EQ(of_a[i], of_b[i]);
}

#endif
