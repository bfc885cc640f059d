/*
 * What the verilated twins of a machine have in common: a top module whose
 * delays run on the ticks of one clock.  It is clocked for each call of its
 * node, and at the ticks at which its delays run; those without a call are made
 * up for before the next one.  Ticks at which nothing can happen are passed
 * over.
 */
#ifndef SIM_SC_TWIN_H
#define SIM_SC_TWIN_H

#include <cinttypes>
#include <cstdio>
#include <string>

#include <verilated.h>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
extern "C" {
#include "sim/core/twin.h"
#include "sim/engine/clock.h"
}
#pragma GCC diagnostic pop

template <class Top> struct twin_frame {
    VerilatedContext context;
    Top top{&context};
    std::string name; // of the block, for its complaint
    struct clock ticks {
    };               // the domain of its delays
    sim_time at = 0; // of the last cycle
    uint64_t cycles = 0;
    std::string complaint;

    void clock()
    {
        top.clk_i = 0;
        top.eval();
        top.clk_i = 1;
        top.eval();
        cycles++;
    }

    // The first one stands.
    void complain(sim_time now, const char *what)
    {
        char text[160];

        if (!complaint.empty())
            return;
        std::snprintf(text, sizeof text, "RTL of %s at %" PRIu64 " fs: %s",
                      name.c_str(), now, what);
        complaint = text;
    }

    bool is_tick(sim_time time) const
    {
        return clock_edge(&ticks, time) == time;
    }

    // The ticks after the last cycle and before `now`, while a delay runs.
    // After a complaint one may never end.
    template <class Busy, class Tick>
    void catch_up(sim_time now, Busy busy, Tick tick)
    {
        sim_time next = clock_edge(&ticks, at + 1);

        for (; next < now && busy() && complaint.empty(); next += ticks.period)
            tick();
        at = now;
    }
};

// The calls that every block has; Twin is a twin_frame.
template <class Twin> constexpr twin_calls common_calls()
{
    return {
        [](const void *of) -> const char * {
            const Twin &t = *static_cast<const Twin *>(of);

            return t.complaint.empty() ? nullptr : t.complaint.c_str();
        },
        [](const void *of) { return static_cast<const Twin *>(of)->cycles; },
        [](void *of) { delete static_cast<Twin *>(of); }};
}

#endif
