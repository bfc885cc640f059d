/* The RTL side of the remapping unit's lock-step test: the twin, and memory
 * behind its two ports. */
#include "Viommu.h"

#include <cstring>

#include "models/iommu/test/iommu_lockstep.h"

namespace
{

/* iommu_pkg::access_e */
enum { ACCESS_NONE, ACCESS_READ, ACCESS_WRITE, ACCESS_LOCK };

constexpr unsigned LINE_BYTES = 64;
constexpr unsigned PAIR_BYTES = 16;
constexpr unsigned STATUS_BYTES = 4;
/* iommu_pkg::outcome_e */
enum { OUTCOME_PASSED = 1, OUTCOME_REMAPPED, OUTCOME_POSTED };

/* An access that memory has taken. */
struct pending {
    bool waits;
    uint64_t due; /* instant */
};

/* The status of a wait descriptor.  It may lie in a line that is locked: then
 * it is written behind that. */
struct status {
    bool waits;
    uint64_t addr;
    uint32_t value;
};

struct twin {
    Viommu top;
    lockstep_memory memory;
    lockstep_setup setup;
    pending request, queue;
    status written;
    uint32_t noise; /* outputs that were not 0 after power-up */
};

void clock_edge(Viommu &top)
{
    top.clk_i = 0;
    top.eval();
    top.clk_i = 1;
    top.eval();
}

void forget_strobes(Viommu &top)
{
    top.req_valid_i = 0;
    top.acc_valid_i = 0;
    top.mem_answered_i = 0;
    top.queue_answered_i = 0;
}

/* ---- what is presented ---- */

void present_access(Viommu &top, const lockstep_op &op)
{
    top.acc_valid_i = 1;
    top.acc_write_i = op.kind == OP_STORE;
    top.acc_offset_i = static_cast<uint16_t>(op.address);
    top.acc_bytes_i = static_cast<uint8_t>(op.extra);
    top.acc_wdata_i = op.value;
}

void present_request(Viommu &top, const lockstep_op &op)
{
    top.req_valid_i = 1;
    top.req_addr_i = op.address;
    top.req_data_i = static_cast<uint32_t>(op.value);
    top.req_doubleword_i = op.extra >> 16 == 4;
    top.req_sid_i = static_cast<uint16_t>(op.extra);
}

void present(Viommu &top, const lockstep_cycle &c)
{
    for (uint32_t i = 0; i < c.ops; i++)
        if (c.op[i].kind == OP_REQUEST)
            present_request(top, c.op[i]);
        else if (c.op[i].kind != OP_MEMORY)
            present_access(top, c.op[i]);
}

void answer_request(twin &t, uint64_t now)
{
    Viommu &top = t.top;
    unsigned bytes = top.mem_kind_o == ACCESS_LOCK ? LINE_BYTES : PAIR_BYTES;

    top.mem_answered_i = 1;
    top.mem_failed_i = lockstep_memory_fails(&t.setup, now, top.mem_addr_o);
    lockstep_memory_read(&t.memory, top.mem_addr_o, &top.mem_rdata_i, bytes);
    t.request.waits = false;
}

void answer_queue(twin &t, uint64_t now)
{
    Viommu &top = t.top;

    top.queue_answered_i = 1;
    top.queue_failed_i = 0;
    t.queue.waits = false;
    if (top.queue_kind_o == ACCESS_WRITE) {
        t.written = {true, top.queue_addr_o, top.queue_wdata_o};
        return;
    }
    top.queue_failed_i = lockstep_memory_fails(&t.setup, now, top.queue_addr_o);
    lockstep_memory_read(&t.memory, top.queue_addr_o, &top.queue_rdata_i,
                         PAIR_BYTES);
}

/* What began in this cycle is answered at an edge of the APIC clock. */
void begin(twin &t, pending &p, uint32_t cycle, enum lockstep_delay what)
{
    uint64_t period = t.setup.value[SETUP_APIC_PERIOD];
    uint64_t due = iommu_lockstep_instant(&t.setup, cycle) +
                   lockstep_memory_delay(&t.setup, cycle, what);

    if (p.waits)
        return;
    p.waits = true;
    p.due = (due + period - 1) / period * period;
}

void memory_after(twin &t, uint32_t cycle)
{
    Viommu &top = t.top;

    if (top.unlock_o)
        lockstep_memory_write(&t.memory, top.unlock_addr_o, &top.unlock_line_o,
                              LINE_BYTES);
    if (t.written.waits)
        lockstep_memory_write(&t.memory, t.written.addr, &t.written.value,
                              STATUS_BYTES);
    t.written = {};
    if (top.mem_kind_o)
        begin(t, t.request, cycle,
              top.mem_kind_o == ACCESS_LOCK ? DELAY_DESCRIPTOR_UPDATE
                                            : DELAY_ENTRY_READ);
    if (top.queue_kind_o)
        begin(t, t.queue, cycle,
              top.queue_kind_o == ACCESS_WRITE ? DELAY_STATUS_WRITE
                                               : DELAY_QUEUE_READ);
}

void write_memory(twin &t, const lockstep_cycle &c)
{
    for (uint32_t i = 0; i < c.ops; i++) {
        uint64_t pair[] = {c.op[i].value, c.op[i].extra};

        if (c.op[i].kind == OP_MEMORY)
            lockstep_memory_write(&t.memory, c.op[i].address, pair,
                                  sizeof pair);
    }
}

/* ---- what is seen ---- */

void put64(uint32_t *seen, uint64_t value)
{
    seen[0] = static_cast<uint32_t>(value);
    seen[1] = static_cast<uint32_t>(value >> 32);
}

/* iommu_pkg::message_t */
void message(uint32_t *seen, uint64_t packed)
{
    unsigned flags = packed & 15, mode = packed >> 4 & 7;
    unsigned vector = packed >> 7 & 0xff;

    seen[0] = 1;
    seen[1] = static_cast<uint32_t>(packed >> 15);
    seen[2] = vector << 8 | mode << 4 | flags;
}

template <class Port> void copy(uint32_t *seen, const Port &port)
{
    std::memcpy(seen, &port, sizeof port);
}

void show_state(const Viommu &top, uint32_t *seen)
{
    copy(seen + SEEN_REG, top.regs_o);
    copy(seen + SEEN_RECORD, top.records_o);
    put64(seen + SEEN_TABLE, top.latched_o);
    seen[SEEN_COMMANDED] = top.commanded_o;
    seen[SEEN_COMMAND] = top.command_o;
    seen[SEEN_REQUEST_STATE] = top.request_state_o;
    seen[SEEN_QUEUE_STATE] = top.queue_state_o;
    seen[SEEN_QUEUE_RUNS] = top.queue_runs_o;
    seen[SEEN_QUEUE_WAITED] = top.queue_waited_o;
    for (unsigned i = 0; i < LOCKSTEP_ENTRIES; i++)
        if (top.cached_o >> i & 1)
            seen[SEEN_CACHED + i] =
                1u << 31 |
                (top.cached_index_o[i / 2] >> (16 * (i % 2)) & 0xffff);
    for (unsigned i = 0; i < LOCKSTEP_ENTRIES; i++)
        seen[SEEN_NEXT + i] = top.cached_next_o >> (8 * i) & 0xff;
    seen[SEEN_WAITING] = top.waiting_o;
    seen[SEEN_TURN] = top.turn_o;
    seen[SEEN_MEM_KIND] = top.mem_kind_o;
    put64(seen + SEEN_MEM_ADDR, top.mem_addr_o);
    seen[SEEN_QUEUE_KIND] = top.queue_kind_o;
    put64(seen + SEEN_QUEUE_ADDR, top.queue_addr_o);
    seen[SEEN_QUEUE_WDATA] = top.queue_wdata_o;
}

void show_result(const Viommu &top, uint32_t *seen)
{
    seen[SEEN_OUTCOME] = top.outcome_o;
    seen[SEEN_LOOKUP] = top.lookup_o;
    seen[SEEN_FAULT] = top.fault_o;
    seen[SEEN_RECORDED] = top.recorded_o;
    if (top.outcome_o == OUTCOME_PASSED) {
        put64(seen + SEEN_PASSED_ADDR, top.passed_addr_o);
        seen[SEEN_PASSED_DATA] = top.passed_data_o;
        seen[SEEN_PASSED_SID] = top.passed_sid_o;
    }
    if (top.outcome_o == OUTCOME_POSTED) {
        put64(seen + SEEN_POSTED_ADDR, top.descriptor_o);
        seen[SEEN_POSTED_VECTOR] = top.posted_vector_o;
    }
    if (top.outcome_o == OUTCOME_REMAPPED || top.notify_o)
        message(seen + SEEN_MESSAGE, top.message_o);
}

void show(const Viommu &top, uint32_t *seen)
{
    show_state(top, seen);
    show_result(top, seen);
    seen[SEEN_UNLOCK] = top.unlock_o;
    if (top.unlock_o) {
        put64(seen + SEEN_UNLOCK_ADDR, top.unlock_addr_o);
        copy(seen + SEEN_UNLOCK_LINE, top.unlock_line_o);
    }
    if (top.fault_event_o)
        message(seen + SEEN_FAULT_EVENT, top.fault_message_o);
    if (top.completion_event_o)
        message(seen + SEEN_COMPLETION_EVENT, top.completion_message_o);
    seen[SEEN_REFUSED] = top.req_refused_o;
    put64(seen + SEEN_RDATA, top.acc_rdata_o);
    seen[SEEN_WARNING] = top.acc_warning_o;
    seen[SEEN_LATE_WARNING] = top.late_warning_o;
}

uint32_t outputs(const Viommu &top)
{
    uint32_t seen[SEEN_WORDS] = {0};
    uint32_t count = 0;

    show(top, seen);
    for (unsigned i = SEEN_TABLE; i < SEEN_WORDS; i++)
        count += seen[i] != 0 && i != SEEN_QUEUE_WAITED;
    return count;
}

/* ---- the side ---- */

void strap(Viommu &top, const lockstep_setup &s)
{
    uint64_t features = s.value[SETUP_FEATURES];

    top.faults_i = static_cast<uint8_t>(s.value[SETUP_FAULTS]);
    top.mhmv_i = static_cast<uint8_t>(s.value[SETUP_MHMV]);
    top.posting_i = (features & SETUP_POSTING) != 0;
    top.extended_i = (features & SETUP_EXTENDED) != 0;
    top.coherent_i = (features & SETUP_COHERENT) != 0;
    top.caching_i = (features & SETUP_CACHING) != 0;
    top.esirtps_i = (features & SETUP_ESIRTPS) != 0;
    top.compress_i = (features & SETUP_COMPRESS) != 0;
    top.set_mask_i = static_cast<uint16_t>(s.value[SETUP_SETS] - 1);
    top.ways_i = static_cast<uint8_t>(s.value[SETUP_WAYS]);
    top.request_to_message_i =
        static_cast<uint16_t>(s.value[SETUP_REQUEST_TO_MESSAGE]);
}

void power_up(void *ctx, const lockstep_setup *s)
{
    twin &t = *static_cast<twin *>(ctx);

    t.setup = *s;
    t.request = t.queue = {};
    t.written = {};
    lockstep_memory_start(&t.memory, s);
    strap(t.top, *s);
    t.top.step_i = t.top.apic_tick_i = t.top.take_i = 1;
    forget_strobes(t.top);
    t.top.rst_ni = 0;
    clock_edge(t.top);
    t.noise = outputs(t.top);
    t.top.rst_ni = 1;
}

void cycle(void *ctx, const lockstep_cycle *c, uint32_t *seen)
{
    twin &t = *static_cast<twin *>(ctx);
    uint64_t now = iommu_lockstep_instant(&t.setup, c->number);

    forget_strobes(t.top);
    t.top.step_i = iommu_lockstep_first(&t.setup, c->number);
    t.top.apic_tick_i = now % t.setup.value[SETUP_APIC_PERIOD] == 0;
    if (t.request.waits && t.request.due == now)
        answer_request(t, now);
    if (t.queue.waits && t.queue.due == now)
        answer_queue(t, now);
    present(t.top, *c);
    clock_edge(t.top);
    memory_after(t, c->number);
    write_memory(t, *c);
    show(t.top, seen);
    if (!c->number)
        seen[SEEN_POWER_UP] = t.noise;
}

} // namespace

int main(int argc, char **argv)
{
    static twin t;

    iommu_lockstep_block.side[1] = {"RTL", &t, power_up, cycle};
    return lockstep_main(&iommu_lockstep_block, argc, argv);
}
