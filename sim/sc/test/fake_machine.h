// A machine of a few timed events that records every call: it shows when the
// module calls, without any model.  Included once by a test program, which
// then does not link the machine of the library.
#ifndef SIM_SC_TEST_FAKE_MACHINE_H
#define SIM_SC_TEST_FAKE_MACHINE_H

#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <systemc>

#include "sim/sc/machine_c.h"

struct machine {
    struct entry {
        sim_time time;
        std::string what;

        bool operator==(const entry &other) const
        {
            return time == other.time && what == other.what;
        }
    };

    machine(sim_time run_end, unsigned cpu_count)
        : end(run_end), intr(cpu_count, false)
    {
    }

    // An event that is recorded, and does something.
    void at(
        sim_time time, const std::string &what,
        std::function<void()> action = [] {})
    {
        events.emplace(time, [this, what, action] {
            record(what);
            action();
        });
    }

    void record(const std::string &what)
    {
        log.push_back({now, what});
    }

    // Never right: to run past SystemC's clock.  Wrong for a machine that
    // drives something: to run an event after its time.
    void check_clock(sim_time limit)
    {
        sim_time clock = sc_core::sc_time_stamp().value();

        ran_ahead += limit > clock;
        late += !events.empty() && events.begin()->first < clock;
    }

    sim_time now = 0, end;
    std::vector<bool> intr;
    std::multimap<sim_time, std::function<void()>> events; // stable order
    std::vector<entry> log;
    std::vector<unsigned char> memory = std::vector<unsigned char>(8192);
    struct mem_outside outside = {};
    unsigned runs = 0, ran_ahead = 0, late = 0, backwards = 0;
};

inline void PrintTo(const machine::entry &e, std::ostream *to)
{
    *to << e.time << ": " << e.what;
}

extern "C" {

sim_time machine_now(const struct machine *m)
{
    return m->now;
}

sim_time machine_next(struct machine *m)
{
    return m->events.empty() ? SIM_TIME_NEVER : m->events.begin()->first;
}

sim_time machine_end(const struct machine *m)
{
    return m->end;
}

void machine_run(struct machine *m, sim_time limit)
{
    m->check_clock(limit);
    m->runs++;
    m->backwards += limit < m->now;
    while (machine_next(m) <= limit) {
        auto event = m->events.extract(m->events.begin());
        m->now = event.key();
        event.mapped()();
    }
    m->now = limit;
}

// Writes take effect after zero time, as an event of their own.
void machine_write(struct machine *m, uint64_t addr, const void *data,
                   size_t bytes)
{
    auto *from = static_cast<const unsigned char *>(data);

    m->record("write " + std::to_string(addr));
    if (addr + bytes <= m->memory.size())
        std::copy(from, from + bytes, m->memory.begin() + long(addr));
    m->at(m->now, "effect " + std::to_string(addr));
}

void machine_read(struct machine *m, uint64_t addr, void *data, size_t bytes)
{
    m->record("read " + std::to_string(addr));
    std::memset(data, 0xff, bytes);
    if (addr + bytes <= m->memory.size())
        std::memcpy(data, m->memory.data() + addr, bytes);
}

// After zero time LINT0 is the CPU's INTR.
void machine_set_lint(struct machine *m, unsigned cpu, unsigned pin, bool high)
{
    m->record("cpu" + std::to_string(cpu) + " lint" + std::to_string(pin) +
              (high ? " high" : " low"));
    if (pin == 0)
        m->events.emplace(m->now, [=] { m->intr[cpu] = high; });
}

unsigned machine_cpus(const struct machine *m)
{
    return static_cast<unsigned>(m->intr.size());
}

bool machine_intr(const struct machine *m, unsigned cpu)
{
    return m->intr[cpu];
}

void machine_set_outside(struct machine *m, const struct mem_outside *outside)
{
    m->outside = *outside;
}

} // extern "C"

#endif
