// A node with the verilated I/O APIC does what the node with the model does,
// at the same time and in the same order, whatever is asked of both.
#include "sim/sc/ioapic_twin.h"

#include <deque>
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
    void entry();
    void read();
    void answer();

    static void bus(void *ctx, const msg *m);

    ioapic_node m_node;
    ioapic_twin m_twin{};            // empty: the model acts
    std::deque<irq_id> m_unanswered; // messages that reached the bus
};

board::board(std::uint64_t seed, bool rtl) : twin_board(seed)
{
    static const std::uint16_t versions[] = {0x11, 0x20, 0x8020};
    ioapic_node_config c = {};

    c.irq_source = irqs_add_source(&m_irqs);
    c.engine = &m_engine;
    c.irqs = &m_irqs;
    c.apic_clock = m_clock;
    c.costs = {below(4), below(4)};
    c.pins = seed % 2 ? IOAPIC_TWIN_PINS : IOAPIC_TWIN_PINS_MORE;
    c.version = versions[below(std::size(versions))];
    c.bus = {bus, this};
    if (rtl)
        c.twin = m_twin = ioapic_twin_make(&c);
    ioapic_node_init(&m_node, &c);
}

board::~board()
{
    if (m_twin.call)
        release(m_twin.call->common, m_twin.of);
}

void board::bus(void *ctx, const msg *m)
{
    board &b = *static_cast<board *>(ctx);

    b.note("message", m->write.addr, m->write.data);
    b.note("of", m->irq);
    irq_deliver(&b.m_irqs, m->irq, HOP_LAPIC_ACCEPT, b.m_now);
    irq_finish(&b.m_irqs, m->irq, HOP_COUNT, b.m_now);
    b.m_unanswered.push_back(m->irq);
    if (b.m_unanswered.size() > 8)
        b.m_unanswered.pop_front();
}

// Few pins and vectors: they collide.  The last pin is one of them.
void board::entry()
{
    std::uint32_t pin = draw<std::uint32_t>(5);
    std::uint32_t low = 0x50 + draw<std::uint32_t>(3);

    pin = pin == 4 ? m_node.config.pins - 1 : 30 * pin % m_node.config.pins;
    low |= below(3) ? IOAPIC_RTE_LEVEL : 0;
    low |= below(4) ? 0 : IOAPIC_RTE_MASKED;
    low |= below(4) ? 0 : IOAPIC_RTE_ACTIVE_LOW;
    low |= below(4) ? 0 : draw<std::uint32_t>(8) << IOAPIC_RTE_MODE_SHIFT;
    ioapic_node_write(&m_node, IOAPIC_IOREGSEL, 4,
                      IOAPIC_AT_RTE_LOW + 2 * pin + !below(8));
    ioapic_node_write(&m_node, IOAPIC_IOWIN, 4, low);
}

void board::read()
{
    static const std::uint32_t offsets[] = {
        IOAPIC_IOREGSEL, IOAPIC_IOWIN, IOAPIC_EOI, IOAPIC_IOWIN + 3, 0x800};
    std::uint32_t offset = offsets[below(std::size(offsets))];

    note("read", offset, ioapic_node_read(&m_node, offset, 1u << below(4)));
    for (unsigned w = 1; w < IOAPIC_WARNING_COUNT; w++)
        note("warnings", w, m_node.warnings[w]);
    const struct irq_counts &count = m_irqs.count[m_node.config.irq_source];
    note("sent, delivered", count.sent, count.delivered);
    note("merged, dropped", count.merged, count.dropped);
}

void board::access()
{
    switch (below(8)) {
    case 0:
        return ioapic_node_write(&m_node, draw<std::uint32_t>(0x50),
                                 1u << below(4), rng_u64(&m_rng));
    case 1:
        return ioapic_node_write(&m_node, IOAPIC_EOI, 4, 0x50 + below(3));
    case 2 ... 4:
        return entry();
    default:
        return read();
    }
}

// Mostly to a message that waits for it.
void board::answer()
{
    irq_id irq = draw<irq_id>(100);

    if (below(8) && !m_unanswered.empty()) {
        irq = m_unanswered.front();
        m_unanswered.pop_front();
    }
    ioapic_node_answer(&m_node, irq, below(4) != 0);
}

void board::ask()
{
    static const unsigned pins[] = {0, 30, 60, 90};
    msg m = {};

    switch (below(16)) {
    case 0 ... 4:
        m.kind = MSG_LINE;
        m.line.line = static_cast<std::uint8_t>(
            below(5) ? pins[below(4)] % m_node.config.pins
                     : m_node.config.pins - 1);
        m.line.high = below(2);
        return ioapic_node_receive(&m_node, &m);
    case 5 ... 6:
        m.kind = MSG_EOI;
        m.eoi_vector = static_cast<std::uint8_t>(0x50 + below(3));
        return ioapic_node_receive(&m_node, &m);
    case 7 ... 9:
        return answer();
    case 10:
        if (below(40) == 0)
            ioapic_node_reset(&m_node);
        return;
    default:
        return access();
    }
}

TEST(ioapic_twin, does_what_the_model_does_whatever_is_asked)
{
    expect_same_deeds<board>(8, 8000);
}

} // namespace
