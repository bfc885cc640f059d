// A node with the verilated local APIC does what the node with the model does,
// at the same time and in the same order, whatever is asked of both.
#include "sim/sc/lapic_twin.h"

#include <cinttypes>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "sim/sc/test/real_machine.h"
#include "sim/sc/test/sc_test.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#pragma GCC diagnostic ignored "-Wshadow"
extern "C" {
#include "models/lapic/lapic_node.h"
#include "sim/core/rng.h"
}
#pragma GCC diagnostic pop

namespace
{

constexpr unsigned STEPS = 20000;
constexpr std::uint32_t RECORDS = 2048;

// One node on an engine of its own, and what the world saw of it.
class board
{
  public:
    explicit board(std::uint64_t seed, bool rtl);
    ~board();
    board(const board &) = delete;
    board &operator=(const board &) = delete;

    void step();

    std::vector<std::string> log;

  private:
    void ask();
    void access();
    void message();
    void look();
    void note(const char *what, std::uint64_t a, std::uint64_t b = 0);
    std::uint64_t value_for(std::uint32_t offset);

    static void on_event(void *ctx, struct event *ev);
    static void bus(void *ctx, const msg *m);
    static void core(void *ctx, const msg *m);

    struct rng m_rng;
    struct engine m_engine;
    struct event m_ask;
    std::vector<engine_slot> m_heap;
    struct irqs m_irqs;
    std::vector<irq_record> m_records;
    lapic_node m_node;
    sim_time m_now = 0;
};

board::board(std::uint64_t seed, bool rtl)
    : m_heap(ENGINE_SLOTS(8)), m_records(RECORDS)
{
    lapic_node_config c = {};

    rng_init(&m_rng, seed, 0);
    engine_init(&m_engine, 8, m_heap.data());
    irqs_init(&m_irqs, m_records.data(), RECORDS);
    for (unsigned i = 0; i < 3; i++)
        irqs_add_source(&m_irqs);
    event_init(&m_ask, engine_add_target(&m_engine, on_event, this), 0);
    c.engine = &m_engine;
    c.irqs = &m_irqs;
    c.apic_clock.period = 7519;
    c.timer_clock.period = 1 + rng_below(&m_rng, 9000);
    c.tsc_clock.period = 1 + rng_below(&m_rng, 3000);
    c.costs = {rng_below(&m_rng, 4), rng_below(&m_rng, 4),
               rng_below(&m_rng, 8)};
    c.id = 3;
    c.bsp = seed & 1;
    c.features = static_cast<std::uint32_t>(rng_below(&m_rng, 32));
    c.timer_source = 1;
    c.lint_source = 2;
    c.bus = {bus, this};
    c.core = {core, this};
    if (rtl)
        c.twin = lapic_twin_make(&c);
    lapic_node_init(&m_node, &c);
    if (seed % 3 == 0)
        lapic_node_wrmsr(&m_node, LAPIC_MSR_APIC_BASE, 0xfee00c00);
}

board::~board()
{
    const char *complaint = lapic_node_complaint(&m_node);

    EXPECT_EQ(complaint, nullptr) << complaint;
    lapic_node_free(&m_node);
}

void board::note(const char *what, std::uint64_t a, std::uint64_t b)
{
    char text[120];

    std::snprintf(text, sizeof text, "%" PRIu64 " %s %" PRIx64 " %" PRIx64,
                  engine_now(&m_engine), what, a, b);
    log.push_back(text);
}

void board::bus(void *ctx, const msg *m)
{
    board &b = *static_cast<board *>(ctx);
    const msg_apic &a = m->apic;

    if (m->kind == MSG_EOI)
        return b.note("eoi broadcast", m->eoi_vector);
    b.note("message", a.dest, a.sender);
    b.note("of", a.vector | a.mode << 8 | a.shorthand << 12,
           a.logical | a.dest8 << 1 | a.assert_level << 2 |
               a.level_trigger << 3);
}

void board::core(void *ctx, const msg *m)
{
    static_cast<board *>(ctx)->note("line", m->line.line, m->line.high);
}

// Often a value that keeps things going.
std::uint64_t board::value_for(std::uint32_t offset)
{
    std::uint64_t value = rng_u64(&m_rng) & 0xffffffff;

    switch (offset) {
    case LAPIC_SVR:
        return rng_below(&m_rng, 8) ? 0x1ff : value & 0x13ff;
    case LAPIC_EOI:
    case LAPIC_ESR:
        return 0;
    case LAPIC_TPR:
        return value & 0x7f;
    case LAPIC_TMICT:
        return value & 0x3f;
    case LAPIC_DCR:
        return value & 0xb;
    case LAPIC_ICR_LOW:
        return value & 0xcfffff;
    default:
        return value & (rng_below(&m_rng, 2) ? 0x600ff : 0x7a7ff);
    }
}

void board::access()
{
    static const std::uint32_t offsets[] = {
        LAPIC_SVR,       LAPIC_EOI,      LAPIC_EOI,       LAPIC_EOI,
        LAPIC_TPR,       LAPIC_TMICT,    LAPIC_DCR,       LAPIC_ICR_LOW,
        LAPIC_ICR_LOW,   LAPIC_ESR,      LAPIC_LVT_TIMER, LAPIC_LVT_LINT0,
        LAPIC_LVT_LINT1, LAPIC_LVT_ERROR};
    std::uint32_t offset = offsets[rng_below(&m_rng, std::size(offsets))];
    std::uint32_t read = static_cast<std::uint32_t>(rng_below(&m_rng, 64));
    std::uint64_t value = value_for(offset), answer = 0;

    switch (rng_below(&m_rng, 4)) {
    case 0:
        note("load", read, lapic_node_read(&m_node, 16 * read, 4));
        break;
    case 1:
        note("rdmsr", lapic_node_rdmsr(&m_node, 0x800 + read, &answer), answer);
        break;
    default:
        lapic_node_write(&m_node, offset, 4, value);
        note("wrmsr", lapic_node_wrmsr(&m_node, 0x800 + offset / 16, value));
    }
    if (rng_below(&m_rng, 8) == 0)
        lapic_node_wrmsr(&m_node, LAPIC_MSR_TSC_DEADLINE,
                         clock_cycles(&m_node.config.tsc_clock, m_now) +
                             rng_below(&m_rng, 40));
}

void board::message()
{
    msg m = {};

    m.kind = MSG_APIC;
    m.apic.vector = static_cast<std::uint8_t>(rng_u64(&m_rng));
    m.apic.mode = rng_below(&m_rng, 4)
                      ? 0
                      : static_cast<std::uint8_t>(rng_below(&m_rng, 8));
    m.apic.level_trigger = rng_below(&m_rng, 2);
    m.apic.assert_level = true;
    m.apic.dest = static_cast<std::uint32_t>(rng_below(&m_rng, 8));
    note("matches", lapic_node_matches(&m_node, &m.apic));
    m.irq = irq_birth(&m_irqs, 0, HOP_MSI_WRITE, m_now);
    lapic_node_receive(&m_node, &m);
}

// What the machine asks a node for without an access.
void board::look()
{
    std::uint8_t vector = static_cast<std::uint8_t>(rng_u64(&m_rng));

    note("tpr", lapic_node_tpr(&m_node), lapic_node_software_enabled(&m_node));
    note("irr", vector, lapic_node_in_irr(&m_node, vector));
    note("page", lapic_node_claims(&m_node, 0xfee00080),
         lapic_node_claims(&m_node, 0xfee01080));
}

void board::ask()
{
    msg line = {};

    switch (rng_below(&m_rng, 32)) {
    case 0 ... 7:
        return message();
    case 8 ... 11: {
        lapic_ack ack = lapic_node_acknowledge(&m_node);

        irq_deliver(&m_irqs, ack.irq, HOP_GUEST_HANDLER, m_now);
        return note("ack", ack.vector, ack.spurious);
    }
    case 12:
        line.kind = MSG_LINE;
        line.line.line = static_cast<std::uint8_t>(rng_below(&m_rng, 2));
        line.line.high = rng_below(&m_rng, 2);
        return lapic_node_receive(&m_node, &line);
    case 13:
        return lapic_node_acknowledge_extint(&m_node);
    case 14:
        lapic_node_set_cr8(&m_node,
                           static_cast<std::uint8_t>(rng_below(&m_rng, 8)));
        return note("cr8", lapic_node_cr8(&m_node));
    case 15:
        if (rng_below(&m_rng, 40) == 0)
            lapic_node_reset(&m_node, LAPIC_INIT);
        return lapic_node_local(&m_node, LVT_PERFMON);
    case 16:
        return look();
    default:
        return access();
    }
}

void board::on_event(void *ctx, struct event *)
{
    static_cast<board *>(ctx)->ask();
}

// Often at the instant of the step before, or on an edge of the APIC clock;
// before what the node schedules for the same instant from now on.
void board::step()
{
    const struct clock *apic = &m_node.config.apic_clock;

    switch (rng_below(&m_rng, 4)) {
    case 0:
        break;
    case 1:
        m_now = clock_after(apic, m_now + 1, rng_below(&m_rng, 3));
        break;
    default:
        m_now += rng_below(&m_rng, rng_below(&m_rng, 20) ? 9000 : 900000);
    }
    engine_schedule(&m_engine, &m_ask, m_now);
    engine_run(&m_engine, m_now);
}

TEST(lapic_twin, does_what_the_model_does_whatever_is_asked)
{
    for (std::uint64_t seed = 1; seed <= 12; seed++) {
        board model(seed, false), rtl(seed, true);
        std::size_t seen = 0;

        for (unsigned i = 0; i < STEPS; i++) {
            model.step();
            rtl.step();
            if (model.log == rtl.log) {
                seen += model.log.size();
                model.log.clear();
                rtl.log.clear();
            }
            ASSERT_EQ(model.log, rtl.log) << "seed " << seed << " step " << i;
        }
        EXPECT_GT(seen, STEPS / 2);
    }
}

TEST(lapic_twin, gives_the_figures_of_the_model_in_each_variant)
{
    const machine_twins twins = {lapic_twin_make};

    for (unsigned variant = 0; variant < 4; variant++) {
        struct scenario with_rtl = shipped_scenario(variant);

        with_rtl.machine.lapic = IMPLEMENTATION_RTL;
        machine_pointer model = shipped_machine(variant);
        machine_pointer rtl(machine_build_with(&with_rtl, &twins));
        machine_run(model.get(), machine_end(model.get()));
        machine_run(rtl.get(), machine_end(rtl.get()));
        expect_same_figures(rtl.get(), model.get());
    }
}

} // namespace
