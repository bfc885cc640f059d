// A node with the verilated remapping unit does what the node with the model
// does, at the same time and in the same order, whatever is asked of both.
#include "sim/sc/iommu_twin.h"

#include <cstring>
#include <iterator>

#include "sim/sc/nodes_c.h"
#include "sim/sc/test/sc_test.h"
#include "sim/sc/test/twin_board.h"

namespace
{

constexpr std::uint64_t TABLE = 0x1000, QUEUE = 0x2000, PID = 0x4000,
                        STATUS = 0x5000;
constexpr std::uint64_t ENTRIES = 32, PIDS = 3;
constexpr std::uint32_t ENTRIES_CODE = 4; // of ENTRIES, in IRTA
constexpr std::uint64_t MSI = 0xfee00010;

class board : public twin_board
{
  public:
    board(std::uint64_t seed, bool rtl);
    ~board() override;

  private:
    void ask() override;
    void enable();
    void request();
    void put_entry();
    void put_descriptor();
    void put_pid();
    void command();
    void write();
    void read();
    void store(std::uint32_t offset, unsigned bytes, std::uint64_t value);
    void put(std::uint64_t addr, std::uint64_t low, std::uint64_t high);

    static bool reach(void *ctx, struct iommu_access *a);
    static void to_bus(void *ctx, const msg *m);
    static void answered(void *ctx, irq_id irq, bool taken);

    std::uint8_t m_memory[1u << 16]{}; // by the low bits of an address
    std::uint64_t m_tail = 0;
    std::uint16_t m_device = irqs_add_source(&m_irqs);
    struct posted_irqs m_posted;
    iommu_node m_node;
    iommu_twin m_twin{}; // empty: the model acts
};

board::board(std::uint64_t seed, bool rtl) : twin_board(seed)
{
    iommu_node_config c = {};

    posted_irqs_init(&m_posted, &m_irqs, nullptr, 0);
    c.engine = &m_engine;
    c.irqs = &m_irqs;
    c.apic_clock = m_clock;
    c.costs = {below(5), below(60000), below(60000), below(60000),
               below(60000)};
    c.iommu.faults = draw<std::uint8_t>(16);
    c.iommu.faults++;
    c.iommu.mhmv = draw<std::uint8_t>(16);
    c.iommu.posting = below(4) != 0;
    c.iommu.extended = below(4) != 0;
    c.iommu.caching = below(2);
    c.iommu.esirtps = below(2);
    c.iommu.compress = below(2);
    c.iommu.sets = static_cast<std::uint16_t>(1u << below(5));
    c.iommu.ways = draw<std::uint16_t>(seed % 4 ? 5 : IOMMU_WAYS_MAX + 1);
    c.irq_source = irqs_add_source(&m_irqs);
    c.bus = {to_bus, this};
    c.ctx = this;
    c.memory = reach;
    c.answer = answered;
    c.posted = &m_posted;
    if (rtl)
        c.twin = m_twin = iommu_twin_make(&c);
    iommu_node_init(&m_node, &c);
    enable();
}

board::~board()
{
    if (m_twin.call)
        release(m_twin.call->common, m_twin.of);
}

// ---- what the world sees ----

void board::to_bus(void *ctx, const msg *m)
{
    board &b = *static_cast<board *>(ctx);

    if (m->kind == MSG_WRITE)
        b.note("passed", m->write.addr, m->write.data);
    else
        b.note("message", m->apic.dest,
               m->apic.vector | unsigned(m->apic.mode) << 8 |
                   unsigned(m->apic.logical) << 12 |
                   unsigned(m->apic.hint) << 13 |
                   unsigned(m->apic.level_trigger) << 14 |
                   unsigned(m->apic.dest8) << 15);
    irq_deliver(&b.m_irqs, m->irq, HOP_LAPIC_ACCEPT, b.m_now);
    irq_finish(&b.m_irqs, m->irq, HOP_COUNT, b.m_now);
}

void board::answered(void *ctx, irq_id irq, bool taken)
{
    static_cast<board *>(ctx)->note("answer", irq, taken);
}

// Some places cannot be accessed.
bool board::reach(void *ctx, struct iommu_access *a)
{
    board &b = *static_cast<board *>(ctx);
    std::uint8_t *place = &b.m_memory[a->addr % sizeof b.m_memory & ~3u];
    bool writes =
        a->kind == IOMMU_ACCESS_WRITE || a->kind == IOMMU_ACCESS_UNLOCK;

    b.note("memory", a->addr, unsigned(a->kind) << 8 | a->bytes);
    if (place + a->bytes > std::end(b.m_memory) || a->addr >> 48)
        return false;
    if (writes)
        std::memcpy(place, a->data, a->bytes);
    else
        std::memcpy(a->data, place, a->bytes);
    for (unsigned i = 0; writes && i < a->bytes / 4u; i++)
        b.note("written", i, a->data[i / 2] >> 32 * (i % 2) & 0xffffffff);
    return true;
}

// ---- what is asked ----

void board::put(std::uint64_t addr, std::uint64_t low, std::uint64_t high)
{
    std::memcpy(m_memory + addr, &low, sizeof low);
    std::memcpy(m_memory + addr + sizeof low, &high, sizeof high);
}

void board::store(std::uint32_t offset, unsigned bytes, std::uint64_t value)
{
    iommu_node_write(&m_node, offset, bytes, value);
}

void board::enable()
{
    store(IOMMU_AT_IRTA, 8,
          TABLE | (below(2) ? IOMMU_IRTA_EIME : 0) | ENTRIES_CODE);
    store(IOMMU_AT_IQA, 8, QUEUE);
    store(IOMMU_AT_GCMD, 4, IOMMU_SIRTP);
    store(IOMMU_AT_GCMD, 4, IOMMU_QIE);
    store(IOMMU_AT_GCMD, 4, IOMMU_QIE | IOMMU_IRE);
}

void board::request()
{
    struct msg m = {};

    m.kind = MSG_WRITE;
    m.irq = irq_birth(&m_irqs, m_device, HOP_MSI_WRITE, m_now);
    m.write.addr = MSI | below(ENTRIES + 1) << 5;
    m.write.data = below(64);
    m.write.bytes = below(30) ? 4 : draw<std::uint32_t>(9);
    m.write.requester = static_cast<std::uint16_t>(0x100 + below(4));
    if (!below(12))
        m.write.addr ^= std::uint64_t(1) << below(40);
    iommu_node_receive(&m_node, &m);
}

void board::put_entry()
{
    std::uint64_t low = IOMMU_IRTE_P | (rng_u64(&m_rng) & 0xff0fff);
    std::uint64_t high = 0;

    low = (low & ~std::uint64_t(0xf0)) | (below(3) ? 0 : 0x10);
    if (below(2))
        low = (low & 0xff0f03) | IOMMU_IRTE_IM | (PID + 64 * below(PIDS)) << 32;
    else
        low |= below(256) << IOMMU_IRTE_DST8_SHIFT;
    if (!below(3))
        high = 0x100 | std::uint64_t(IOMMU_SVT_SID) << IOMMU_IRTE_SVT_SHIFT |
               below(4) << IOMMU_IRTE_SQ_SHIFT;
    if (!below(10))
        low ^= std::uint64_t(1) << below(64);
    put(TABLE + 16 * below(ENTRIES), low, high);
}

void board::put_pid()
{
    std::uint64_t pid = PID + 64 * below(PIDS);

    put(pid + PID_CONTROL,
        below(4) | below(256) << PID_NV_SHIFT |
            below(256) << (PID_NDST_SHIFT + 8),
        below(20) ? 0 : 1);
}

void board::put_descriptor()
{
    std::uint64_t low = IOMMU_WAIT | below(16) << 4 | below(1000) << 32;
    std::uint64_t high = STATUS + 4 * below(16);

    if (below(2)) {
        low = IOMMU_IEC_INVALIDATE | below(2) << 4 |
              below(4) << IOMMU_IEC_IM_SHIFT |
              below(ENTRIES) << IOMMU_IEC_IIDX_SHIFT;
        high = 0;
    }
    if (!below(20))
        low ^= std::uint64_t(1) << below(64);
    put(QUEUE + m_tail, low, high);
    m_tail = (m_tail + IOMMU_DESCRIPTOR_BYTES) % IOMMU_PAGE_BYTES;
    store(IOMMU_AT_IQT, 8, m_tail);
}

void board::command()
{
    static const std::uint32_t changes[] = {IOMMU_SIRTP, IOMMU_SIRTP, IOMMU_CFI,
                                            IOMMU_TE};

    store(IOMMU_AT_GCMD, 4,
          IOMMU_QIE | IOMMU_IRE | changes[below(std::size(changes))]);
    if (below(8))
        return;
    store(IOMMU_AT_GCMD, 4, static_cast<std::uint32_t>(rng_u64(&m_rng)));
    enable();
}

void board::write()
{
    static const std::uint32_t places[] = {
        IOMMU_AT_FECTL,  IOMMU_AT_FEDATA, IOMMU_AT_FEADDR, IOMMU_AT_IECTL,
        IOMMU_AT_IEDATA, IOMMU_AT_IEADDR, IOMMU_AT_ICS};
    std::uint32_t fault = IOMMU_AT_FRCD_HIGH + 16 * draw<std::uint32_t>(16);

    switch (below(4)) {
    case 0:
        store(IOMMU_AT_FSTS, 4, rng_u64(&m_rng));
        return;
    case 1:
        store(fault, 8, IOMMU_RECORD_F);
        return;
    default:
        store(places[below(std::size(places))], below(8) ? 4 : 8,
              rng_u64(&m_rng));
    }
}

void board::read()
{
    std::uint32_t offset = draw<std::uint32_t>(below(2) ? 0x100 : 0x320);
    unsigned bytes = 1u << below(4);

    note("read", offset, iommu_node_read(&m_node, offset, bytes));
}

void board::ask()
{
    switch (below(32)) {
    case 0 ... 3:
        return put_entry();
    case 4 ... 5:
        return put_pid();
    case 6 ... 9:
        return put_descriptor();
    case 10 ... 11:
        return command();
    case 12 ... 13:
        return write();
    case 14 ... 15:
        return read();
    default:
        return request();
    }
}

TEST(iommu_twin, does_what_the_model_does_whatever_is_asked)
{
    expect_same_deeds<board>(16, 5000);
}

} // namespace
