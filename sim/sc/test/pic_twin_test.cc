// A node with the verilated 8259As does what the node with the model does, at
// the same time and in the same order, whatever is asked of both.
#include "sim/sc/pic_twin.h"

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
    void acknowledge();
    void initialize();
    void write();
    void read();
    void look();
    unsigned width();

    static void to_apic(void *ctx, const msg *m);
    static void to_cpu(void *ctx, const msg *m);

    pic_node m_node;
    pic_twin m_twin{}; // empty: the model acts
};

board::board(std::uint64_t seed, bool rtl) : twin_board(seed)
{
    pic_node_config c = {};

    c.engine = &m_engine;
    c.irqs = &m_irqs;
    c.clock = m_clock;
    c.costs = {below(4), below(4)};
    for (std::uint16_t &source : c.line_source)
        source = irqs_add_source(&m_irqs);
    c.has_imcr = seed % 2;
    c.apic = {to_apic, this};
    c.direct = {to_cpu, this};
    if (rtl)
        c.twin = m_twin = pic_twin_make(&c);
    pic_node_init(&m_node, &c);
    initialize();
}

board::~board()
{
    if (m_twin.call)
        release(m_twin.call->common, m_twin.of);
}

void board::to_apic(void *ctx, const msg *m)
{
    static_cast<board *>(ctx)->note("INT", m->line.high);
}

void board::to_cpu(void *ctx, const msg *m)
{
    static_cast<board *>(ctx)->note("INT, direct", m->line.high);
}

// Both chips, sometimes with automatic EOI or an ICW3 that fits nobody.
void board::initialize()
{
    for (unsigned chip = 0; chip < 2; chip++) {
        std::uint16_t port =
            chip ? PIC_PORT_SLAVE_COMMAND : PIC_PORT_MASTER_COMMAND;
        std::uint16_t data = static_cast<std::uint16_t>(port + 1);
        std::uint32_t icw3 = chip ? PIC_CASCADE : 1u << PIC_CASCADE;

        pic_node_write(&m_node, port, 1, 0x11);
        pic_node_write(&m_node, data, 1, 0x20 + 8 * chip);
        pic_node_write(&m_node, data, 1,
                       below(8) ? icw3 : draw<std::uint32_t>(256));
        pic_node_write(&m_node, data, 1,
                       below(4) ? 1 : draw<std::uint32_t>(32));
    }
}

// Mostly the width of a port.
unsigned board::width()
{
    return below(8) ? 1 : 1u << below(3);
}

void board::write()
{
    static const std::uint16_t ports[] = {
        PIC_PORT_MASTER_COMMAND,
        PIC_PORT_MASTER_COMMAND,
        PIC_PORT_SLAVE_COMMAND,
        PIC_PORT_SLAVE_COMMAND,
        PIC_PORT_MASTER_DATA,
        PIC_PORT_SLAVE_DATA,
        PIC_PORT_ELCR1,
        PIC_PORT_ELCR2,
        PIC_PORT_IMCR_SELECT,
        PIC_PORT_IMCR_DATA,
        0x1f,
    };
    static const std::uint32_t commands[] = {0x20, 0x20, 0x20, 0x60, 0x62,
                                             0xa0, 0xe1, 0x80, 0x00, 0xc3,
                                             0x0a, 0x0b, 0x0c, 0x68, 0x48};
    std::uint16_t port = ports[below(std::size(ports))];
    std::uint32_t value = commands[below(std::size(commands))];

    if (port & 1)
        value = below(4) ? 0 : draw<std::uint32_t>(256);
    if (port == PIC_PORT_IMCR_SELECT)
        value = PIC_IMCR_INDEX;
    if (!below(16))
        value = static_cast<std::uint32_t>(rng_u64(&m_rng));
    pic_node_write(&m_node, port, width(), value);
}

void board::read()
{
    static const std::uint16_t ports[] = {
        PIC_PORT_MASTER_COMMAND, PIC_PORT_MASTER_DATA,
        PIC_PORT_SLAVE_COMMAND,  PIC_PORT_SLAVE_DATA,
        PIC_PORT_ELCR1,          PIC_PORT_ELCR2,
        PIC_PORT_IMCR_DATA,      0x1f,
    };
    std::uint16_t port = ports[below(std::size(ports))];

    note("read", port, pic_node_read(&m_node, port, width()));
}

void board::acknowledge()
{
    struct pic_ack ack = pic_node_acknowledge(&m_node);

    note("vector", ack.vector, ack.irq);
    irq_deliver(&m_irqs, ack.irq, HOP_GUEST_HANDLER, m_now);
    if (ack.no_eoi)
        irq_finish(&m_irqs, ack.irq, HOP_COUNT, m_now);
}

// What became of every request, and what the guest was warned of.
void board::look()
{
    for (std::uint16_t source : m_node.config.line_source) {
        const struct irq_counts &count = m_irqs.count[source];

        note("sent, delivered", count.sent, count.delivered);
        note("withdrawn, ICW1", count.by_reason[IRQ_WITHDRAWN],
             count.by_reason[IRQ_PIC_INIT]);
    }
    for (unsigned w = 0; w < PIC_WARNING_COUNT; w++)
        note("warnings", w, m_node.warnings[w]);
    for (unsigned line = 0; line < PIC_LINES; line++)
        note("held", m_node.irr_irq[line], m_node.isr_irq[line]);
}

void board::ask()
{
    msg line = {};

    switch (below(32)) {
    case 0 ... 11:
        line.kind = MSG_LINE;
        line.line.line = static_cast<std::uint8_t>(below(PIC_LINES));
        line.line.high = below(2);
        return pic_node_receive(&m_node, &line);
    case 12 ... 16:
        return acknowledge();
    case 17 ... 19:
        return read();
    case 20:
        return look();
    case 21:
        return below(40) ? write() : initialize();
    default:
        return write();
    }
}

TEST(pic_twin, does_what_the_model_does_whatever_is_asked)
{
    expect_same_deeds<board>(12, 20000);
}

} // namespace
