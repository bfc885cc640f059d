/* The verilated remapping unit in a machine. */
#include "sim/sc/iommu_twin.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>

#include "Viommu1024.h"
#include "sim/sc/nodes_c.h"
#include "sim/sc/twin.h"

namespace
{

/* Fields of iommu_pkg::message_t, and how many bits each has. */
enum { DEST8, LEVEL, HINT, LOGICAL, MODE };
constexpr unsigned MODE_BITS = 3, VECTOR_BITS = 8;

struct rtl : twin_frame<Viommu1024> {
    // A line that was locked and is to be written back, and what comes of the
    // request then.
    std::optional<iommu_out> unlocks;
    struct iommu_access line;
};

rtl &rtl_of(void *of)
{
    return *static_cast<rtl *>(of);
}

const rtl &rtl_of(const void *of)
{
    return *static_cast<const rtl *>(of);
}

iommu_message message(uint64_t packed)
{
    iommu_message m = {};
    uint64_t vector = packed >> (MODE + MODE_BITS);

    m.dest8 = packed >> DEST8 & 1;
    m.level = packed >> LEVEL & 1;
    m.hint = packed >> HINT & 1;
    m.logical = packed >> LOGICAL & 1;
    m.mode = packed >> MODE & ((1 << MODE_BITS) - 1);
    m.vector = static_cast<uint8_t>(vector);
    m.dest = static_cast<uint32_t>(vector >> VECTOR_BITS);
    return m;
}

/* One cycle at the instant of the last catch_up(). */
void cycle(rtl &t, bool step, bool take)
{
    Viommu1024 &top = t.top;

    top.step_i = step;
    top.take_i = take;
    t.clock();
    top.req_valid_i = top.acc_valid_i = 0;
    top.mem_answered_i = top.queue_answered_i = 0;
}

/* The ticks before `now` at which a delay goes on.  True if time went on. */
bool advance(rtl &t, sim_time now)
{
    bool step = now != t.at;

    if (step) {
        t.top.apic_tick_i = 1;
        t.catch_up(
            now, [&t] { return t.top.turn_o; },
            [&t] { cycle(t, true, false); });
        if (t.top.turn_come_o)
            t.complain(now, "a request had its turn before its time");
    }
    t.top.apic_tick_i = t.is_tick(now);
    return step;
}

/* What the last cycle said. */
iommu_out result(const Viommu1024 &top)
{
    iommu_out out = {};

    out.outcome = top.outcome_o;
    out.lookup = top.lookup_o;
    out.fault = top.fault_o;
    out.recorded = top.recorded_o;
    out.notify = top.notify_o;
    out.vector = top.posted_vector_o;
    out.descriptor = top.descriptor_o;
    out.fault_event = top.fault_event_o;
    out.invalidation_event = top.completion_event_o;
    out.warning = std::max(top.acc_warning_o, top.late_warning_o);
    out.message = message(top.message_o);
    return out;
}

/* ---- the calls of the node ---- */

void arrive(void *of, const struct iommu_request *r, sim_time now)
{
    rtl &t = rtl_of(of);
    bool step = advance(t, now);

    t.top.req_valid_i = 1;
    t.top.req_addr_i = r->addr;
    t.top.req_data_i = r->data;
    t.top.req_doubleword_i = r->bytes == sizeof r->data;
    t.top.req_sid_i = r->sid;
    cycle(t, step, false);
    if (t.top.req_refused_o)
        t.complain(now, "a request found no room");
}

iommu_out take(void *of, sim_time now)
{
    rtl &t = rtl_of(of);
    bool step = advance(t, now);

    cycle(t, step, true);
    if (t.top.outcome_o == IOMMU_NOTHING && t.top.lookup_o == IOMMU_NO_LOOKUP)
        t.complain(now, "a request did not have its turn in time");
    return result(t.top);
}

struct iommu_access access(const void *of, iommu_port port)
{
    const rtl &t = rtl_of(of);
    const Viommu1024 &top = t.top;
    struct iommu_access a = {};

    if (port == IOMMU_PORT_REQUEST && t.unlocks)
        return t.line;
    if (port == IOMMU_PORT_REQUEST) {
        a.kind = top.mem_kind_o;
        a.addr = top.mem_addr_o;
        a.bytes =
            a.kind == IOMMU_ACCESS_LOCK ? sizeof a.data : sizeof(iommu_entry);
    } else {
        a.kind = top.queue_kind_o;
        a.addr = top.queue_addr_o;
        a.bytes = a.kind == IOMMU_ACCESS_WRITE ? sizeof top.queue_wdata_o
                                               : IOMMU_DESCRIPTOR_BYTES;
        a.data[0] = top.queue_wdata_o;
    }
    return a;
}

/* The line goes back before anybody hears of it. */
iommu_out unlock(rtl &t)
{
    const Viommu1024 &top = t.top;

    t.unlocks = result(top);
    t.line.kind = IOMMU_ACCESS_UNLOCK;
    t.line.bytes = sizeof t.line.data;
    t.line.addr = top.unlock_addr_o;
    std::memcpy(t.line.data, &top.unlock_line_o, sizeof t.line.data);
    return {};
}

iommu_out answer_request(rtl &t, const uint64_t *data, bool step)
{
    Viommu1024 &top = t.top;
    unsigned bytes = access(&t, IOMMU_PORT_REQUEST).bytes;

    top.mem_answered_i = 1;
    top.mem_failed_i = !data;
    if (data)
        std::memcpy(&top.mem_rdata_i, data, bytes);
    cycle(t, step, false);
    return top.unlock_o ? unlock(t) : result(top);
}

iommu_out answer(void *of, iommu_port port, const uint64_t *data, sim_time now)
{
    rtl &t = rtl_of(of);
    bool step = advance(t, now);

    if (port == IOMMU_PORT_REQUEST && t.unlocks) {
        iommu_out out = *t.unlocks;

        t.unlocks.reset();
        return out;
    }
    if (port == IOMMU_PORT_REQUEST)
        return answer_request(t, data, step);
    t.top.queue_answered_i = 1;
    t.top.queue_failed_i = !data;
    if (data)
        std::memcpy(&t.top.queue_rdata_i, data, sizeof t.top.queue_rdata_i);
    cycle(t, step, false);
    return result(t.top);
}

iommu_out access_register(rtl &t, const iommu_mmio &a, bool write, sim_time now)
{
    bool step = advance(t, now);

    t.top.acc_valid_i = 1;
    t.top.acc_write_i = write;
    t.top.acc_offset_i = static_cast<uint16_t>(a.offset);
    t.top.acc_bytes_i = static_cast<uint8_t>(a.bytes);
    t.top.acc_wdata_i = a.value;
    cycle(t, step, false);
    return result(t.top);
}

iommu_out read(void *of, iommu_mmio *a, sim_time now)
{
    rtl &t = rtl_of(of);
    iommu_out out = access_register(t, *a, false, now);

    a->value = t.top.acc_rdata_o;
    return out;
}

iommu_out write(void *of, const iommu_mmio *a, sim_time now)
{
    return access_register(rtl_of(of), *a, true, now);
}

bool idle(const void *of)
{
    return rtl_of(of).top.request_state_o == IOMMU_IDLE;
}

iommu_message event_message(const void *of, enum iommu_event e)
{
    const Viommu1024 &top = rtl_of(of).top;

    return message(e == IOMMU_FAULT_EVENT ? top.fault_message_o
                                          : top.completion_message_o);
}

void strap(Viommu1024 &top, const iommu_config &c)
{
    top.faults_i = c.faults;
    top.mhmv_i = c.mhmv;
    top.posting_i = c.posting;
    top.extended_i = c.extended;
    top.coherent_i = c.coherent;
    top.caching_i = c.caching;
    top.esirtps_i = c.esirtps;
    top.compress_i = c.compress;
    top.set_mask_i = static_cast<uint16_t>(c.sets - 1);
    top.ways_i = static_cast<uint8_t>(c.ways);
}

} // namespace

struct iommu_twin iommu_twin_make(const struct iommu_node_config *c)
{
    static const iommu_twin_calls calls = {
        common_calls<rtl>(), arrive, take, access, answer, read, write, idle,
        event_message};
    std::unique_ptr<rtl> t(new rtl);
    Viommu1024 &top = t->top;

    t->name = "a remapping unit";
    t->ticks = c->apic_clock;
    strap(top, c->iommu);
    top.request_to_message_i =
        static_cast<uint16_t>(c->costs.request_to_message);
    top.req_valid_i = top.acc_valid_i = 0;
    top.mem_answered_i = top.queue_answered_i = 0;
    top.apic_tick_i = 0;
    top.rst_ni = 0;
    cycle(*t, false, false);
    top.rst_ni = 1;
    return {&calls, t.release()};
}
