// One node on an engine of its own, asked at random, and what the world saw of
// it.  Two boards of one seed, one with the model and one with the RTL, must
// log the same.
#ifndef SIM_SC_TEST_TWIN_BOARD_H
#define SIM_SC_TEST_TWIN_BOARD_H

#include <cinttypes>
#include <cstdio>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#pragma GCC diagnostic ignored "-Wshadow"
extern "C" {
#include "sim/core/irq.h"
#include "sim/core/rng.h"
#include "sim/core/twin.h"
#include "sim/engine/clock.h"
#include "sim/engine/engine.h"
}
#pragma GCC diagnostic pop

class twin_board
{
  public:
    explicit twin_board(std::uint64_t seed) : m_records(RECORDS)
    {
        rng_init(&m_rng, seed, 0);
        engine_init(&m_engine, EVENTS, m_heap);
        irqs_init(&m_irqs, m_records.data(), RECORDS);
        event_init(&m_ask, engine_add_target(&m_engine, on_event, this), 0);
    }
    virtual ~twin_board() = default;
    twin_board(const twin_board &) = delete;
    twin_board &operator=(const twin_board &) = delete;

    // Often at the instant of the step before, or on an edge of the clock;
    // before what the node schedules for the same instant from now on.
    void step()
    {
        switch (below(4)) {
        case 0:
            break;
        case 1:
            m_now = clock_after(&m_clock, m_now + 1, below(3));
            break;
        default:
            m_now += below(below(20) ? 9000 : 900000);
        }
        engine_schedule(&m_engine, &m_ask, m_now);
        engine_run(&m_engine, m_now);
    }

    std::vector<std::string> log;

  protected:
    virtual void ask() = 0;

    std::uint64_t below(std::uint64_t n)
    {
        return rng_below(&m_rng, n);
    }

    template <class T> T draw(std::uint64_t n)
    {
        return static_cast<T>(below(n));
    }

    void note(const char *what, std::uint64_t a, std::uint64_t b = 0)
    {
        char text[120];

        std::snprintf(text, sizeof text, "%" PRIu64 " %s %" PRIx64 " %" PRIx64,
                      engine_now(&m_engine), what, a, b);
        log.push_back(text);
    }

    // It kept the node's time, and was used.
    static void release(const struct twin_calls &call, void *of)
    {
        const char *complaint = call.complaint(of);

        EXPECT_EQ(complaint, nullptr) << complaint;
        EXPECT_GT(call.cycles(of), 1000u);
        call.free(of);
    }

    struct rng m_rng;
    struct engine m_engine;
    struct irqs m_irqs;
    struct clock m_clock = CLOCK_OF(7519);
    sim_time m_now = 0;

  private:
    static constexpr std::uint32_t RECORDS = 2048, EVENTS = 8;

    static void on_event(void *ctx, struct event *)
    {
        static_cast<twin_board *>(ctx)->ask();
    }

    struct event m_ask;
    engine_slot m_heap[ENGINE_SLOTS(EVENTS)]; // near the events
    std::vector<irq_record> m_records;
};

// `Board` is a twin_board that is made from a seed and whether it has RTL.
template <class Board> void expect_same_deeds(unsigned seeds, unsigned steps)
{
    for (std::uint64_t seed = 1; seed <= seeds; seed++) {
        Board model(seed, false), rtl(seed, true);
        std::size_t seen = 0;

        for (unsigned i = 0; i < steps; i++) {
            model.step();
            rtl.step();
            if (model.log == rtl.log) {
                seen += model.log.size();
                model.log.clear();
                rtl.log.clear();
            }
            ASSERT_EQ(model.log, rtl.log) << "seed " << seed << " step " << i;
        }
        EXPECT_GT(seen, steps / 2);
    }
}

#endif
