// A node with the verilated local APIC does what the node with the model does,
// at the same time and in the same order, whatever is asked of both.
#include "sim/sc/lapic_twin.h"

#include <iterator>

#include "sim/sc/nodes_c.h"
#include "sim/sc/test/sc_test.h"
#include "sim/sc/test/twin_board.h"

namespace
{

class board : public twin_board
{
  public:
    board(std::uint64_t seed, bool rtl);
    ~board() override;

  private:
    void ask() override;
    void access();
    void message();
    void look();
    std::uint64_t value_for(std::uint32_t offset);

    static void bus(void *ctx, const msg *m);
    static void core(void *ctx, const msg *m);

    lapic_node m_node;
    lapic_twin m_twin{}; // empty: the model acts
};

board::board(std::uint64_t seed, bool rtl) : twin_board(seed)
{
    lapic_node_config c = {};
    sim_time timer_period = 1 + below(9000), tsc_period = 1 + below(3000);

    for (unsigned i = 0; i < 3; i++)
        irqs_add_source(&m_irqs);
    c.engine = &m_engine;
    c.irqs = &m_irqs;
    c.apic_clock = m_clock;
    c.timer_clock = CLOCK_OF(timer_period);
    c.tsc_clock = CLOCK_OF(tsc_period);
    c.costs = {below(4), below(4), below(8)};
    c.id = 3;
    c.bsp = seed & 1;
    c.features = draw<std::uint32_t>(32);
    c.timer_source = 1;
    c.lint_source = 2;
    c.bus = {bus, this};
    c.core = {core, this};
    if (rtl)
        c.twin = m_twin = lapic_twin_make(&c);
    lapic_node_init(&m_node, &c);
    if (seed % 3 == 0)
        lapic_node_wrmsr(&m_node, LAPIC_MSR_APIC_BASE, 0xfee00c00);
}

board::~board()
{
    if (m_twin.call)
        release(m_twin.call->common, m_twin.of);
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
        return below(8) ? 0x1ff : value & 0x13ff;
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
        return value & (below(2) ? 0x600ff : 0x7a7ff);
    }
}

void board::access()
{
    static const std::uint32_t offsets[] = {
        LAPIC_SVR,       LAPIC_EOI,      LAPIC_EOI,       LAPIC_EOI,
        LAPIC_TPR,       LAPIC_TMICT,    LAPIC_DCR,       LAPIC_ICR_LOW,
        LAPIC_ICR_LOW,   LAPIC_ESR,      LAPIC_LVT_TIMER, LAPIC_LVT_LINT0,
        LAPIC_LVT_LINT1, LAPIC_LVT_ERROR};
    std::uint32_t offset = offsets[below(std::size(offsets))];
    std::uint32_t read = static_cast<std::uint32_t>(below(64));
    std::uint64_t value = value_for(offset), answer = 0;

    switch (below(4)) {
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
    if (below(8) == 0)
        lapic_node_wrmsr(&m_node, LAPIC_MSR_TSC_DEADLINE,
                         clock_cycles(&m_node.config.tsc_clock, m_now) +
                             below(40));
}

void board::message()
{
    msg m = {};

    m.kind = MSG_APIC;
    m.apic.vector = static_cast<std::uint8_t>(rng_u64(&m_rng));
    m.apic.mode = below(4) ? 0 : static_cast<std::uint8_t>(below(8));
    m.apic.level_trigger = below(2);
    m.apic.assert_level = true;
    m.apic.dest = static_cast<std::uint32_t>(below(8));
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
    for (unsigned source = 0; source < 3; source++) {
        const struct irq_counts &count = m_irqs.count[source];

        note("sent, delivered", count.sent, count.delivered);
        note("merged, dropped", count.merged, count.dropped);
        note("dropped by a reset", count.by_reason[IRQ_APIC_RESET]);
    }
}

void board::ask()
{
    msg line = {};

    switch (below(32)) {
    case 0 ... 7:
        return message();
    case 8 ... 11: {
        lapic_ack ack = lapic_node_acknowledge(&m_node);

        irq_deliver(&m_irqs, ack.irq, HOP_GUEST_HANDLER, m_now);
        return note("ack", ack.vector, ack.spurious);
    }
    case 12:
        line.kind = MSG_LINE;
        line.line.line = static_cast<std::uint8_t>(below(2));
        line.line.high = below(2);
        return lapic_node_receive(&m_node, &line);
    case 13:
        return lapic_node_acknowledge_extint(&m_node);
    case 14:
        lapic_node_set_cr8(&m_node, static_cast<std::uint8_t>(below(8)));
        return note("cr8", lapic_node_cr8(&m_node));
    case 15:
        if (below(40) == 0)
            lapic_node_reset(&m_node, LAPIC_INIT);
        return lapic_node_local(&m_node, LVT_PERFMON);
    case 16:
        return look();
    default:
        return access();
    }
}

TEST(lapic_twin, does_what_the_model_does_whatever_is_asked)
{
    expect_same_deeds<board>(12, 20000);
}

} // namespace
