/* The verilated local APIC in a machine. */
#include "sim/sc/lapic_twin.h"

#include <deque>
#include <memory>

#include "Vlapic.h"
#include "sim/sc/nodes_c.h"
#include "sim/sc/twin.h"

namespace
{

enum { LOAD, STORE, RDMSR, WRMSR, SET_CR8 }; /* lapic_pkg::access_e */

/* lapic_pkg::fate_e */
enum {
    FATE_NONE,
    FATE_ACCEPTED,
    FATE_MERGED,
    FATE_DISABLED,
    FATE_ILLEGAL,
    FATE_UNSUPPORTED,
    FATE_FORWARDED,
};

/* Where an interrupt comes from: lapic_pkg. */
enum {
    SOURCE_TIMER,
    SOURCE_MESSAGE,
    SOURCE_LINT0,
    SOURCE_CMCI = 4,
    SOURCE_THERMAL,
    SOURCE_PERFMON,
    SOURCE_ACCESS,
};

constexpr unsigned MAXPHYADDR_DEFAULT = 52;

struct rtl : twin_frame<Vlapic> {
    struct clock timer, tsc;
    bool ticked = false; // the last cycle was a tick of the APIC clock
    bool timer_ticked = false;
    uint64_t edge = 0;    // of the timer's clock that the count refers to
    bool intr = false;    // INTR as the node was told
    std::deque<msg> left; // messages that the node has not asked for
};

rtl &rtl_of(void *of)
{
    return *static_cast<rtl *>(of);
}

const rtl &rtl_of(const void *of)
{
    return *static_cast<const rtl *>(of);
}

void forget_strobes(Vlapic &top)
{
    top.timer_tick_i = 0;
    top.timer_skipped_i = 0;
    top.tsc_i = 0; // no deadline is reached
    top.msg_valid_i = 0;
    top.cmci_i = top.thermal_i = top.perfmon_i = 0;
    top.acc_valid_i = 0;
    top.ack_i = top.ack_extint_i = 0;
    top.init_i = top.reset_i = 0;
}

msg message(const Vlapic &top)
{
    msg m = {};

    if (top.out_eoi_o) {
        m.kind = MSG_EOI;
        m.eoi_vector = top.out_vector_o;
        return m;
    }
    m.kind = MSG_APIC;
    m.apic.dest = top.out_dest_o;
    m.apic.sender = top.out_sender_o;
    m.apic.vector = top.out_vector_o;
    m.apic.mode = top.out_mode_o;
    m.apic.shorthand = top.out_shorthand_o;
    m.apic.logical = top.out_logical_o;
    m.apic.assert_level = true;
    m.apic.dest8 = top.out_dest8_o;
    return m;
}

/* One cycle with what is presented. */
void cycle(rtl &t, bool step, bool tick)
{
    Vlapic &top = t.top;

    t.edge += step && t.timer_ticked;
    t.ticked = tick;
    t.timer_ticked = top.timer_tick_i;
    top.step_i = step;
    top.apic_tick_i = tick;
    t.clock();
    if (top.out_valid_o)
        t.left.push_back(message(top));
    forget_strobes(top);
}

/* A delay runs. */
bool busy(const rtl &t)
{
    return t.top.intr_waiting_o || t.top.sending_o;
}

/* The ticks before `now` at which a delay goes on.  True if time went on. */
bool advance(rtl &t, sim_time now)
{
    if (now == t.at)
        return false;
    if (t.is_tick(t.at) && busy(t) && !t.ticked)
        cycle(t, false, true);
    t.catch_up(
        now, [&t] { return busy(t); }, [&t] { cycle(t, true, true); });
    if (t.top.intr_o != t.intr)
        t.complain(now, "INTR rose before its time");
    if (!t.left.empty())
        t.complain(now, "a message left before its time");
    return true;
}

void present_access(Vlapic &top, const lapic_request &req, uint8_t kind)
{
    top.acc_valid_i = 1;
    top.acc_kind_i = kind;
    top.acc_address_i = req.access.address;
    top.acc_bytes_i = static_cast<uint8_t>(req.access.bytes);
    top.acc_wdata_i = req.access.value;
}

void present_message(Vlapic &top, const msg_apic &m)
{
    top.msg_valid_i = 1;
    top.msg_vector_i = m.vector;
    top.msg_mode_i = m.mode;
    top.msg_level_trigger_i = m.level_trigger;
    top.msg_assert_i = m.assert_level;
}

unsigned present_local(Vlapic &top, enum lapic_lvt source)
{
    top.cmci_i = source == LVT_CMCI;
    top.thermal_i = source == LVT_THERMAL;
    top.perfmon_i = source == LVT_PERFMON;
    if (source == LVT_CMCI)
        return SOURCE_CMCI;
    return source == LVT_THERMAL ? SOURCE_THERMAL : SOURCE_PERFMON;
}

void present_pin(Vlapic &top, unsigned pin, bool high)
{
    unsigned others = top.lint_i & ~(1u << pin);

    top.lint_i = static_cast<uint8_t>(others | unsigned(high) << pin);
}

/* Returns the source of the interrupt that may come of it. */
unsigned present(rtl &t, const lapic_request &req, sim_time now)
{
    Vlapic &top = t.top;

    switch (req.kind) {
    case LAPIC_REQUEST_MESSAGE:
        present_message(top, req.message);
        return SOURCE_MESSAGE;
    case LAPIC_REQUEST_LINT:
        present_pin(top, req.lint.pin, req.lint.high);
        return SOURCE_LINT0 + req.lint.pin;
    case LAPIC_REQUEST_LOCAL:
        return present_local(top, req.local);
    case LAPIC_REQUEST_EXPIRE:
        top.timer_tick_i = top.timer_counting_o;
        top.tsc_i = clock_cycles(&t.tsc, now);
        return SOURCE_TIMER;
    case LAPIC_REQUEST_ACK:
        top.ack_i = 1;
        break;
    case LAPIC_REQUEST_ACK_EXTINT:
        top.ack_extint_i = 1;
        break;
    case LAPIC_REQUEST_RESET:
        top.init_i = req.reset == LAPIC_INIT;
        top.reset_i = req.reset == LAPIC_RESET;
        break;
    case LAPIC_REQUEST_SET_CR8:
        present_access(top, req, SET_CR8);
        break;
    default:
        present_access(top, req,
                       static_cast<uint8_t>(req.kind - LAPIC_REQUEST_LOAD));
    }
    return SOURCE_ACCESS;
}

lapic_taken taken(const Vlapic &top, unsigned source)
{
    lapic_taken taken = {};

    switch (top.fate_o >> (3 * source) & 7) {
    case FATE_NONE:
        return taken;
    case FATE_ACCEPTED:
        taken.fate = LAPIC_FATE_ACCEPTED;
        break;
    case FATE_MERGED:
        taken.fate = LAPIC_FATE_MERGED;
        break;
    case FATE_FORWARDED:
        taken.fate = LAPIC_FATE_FORWARDED;
        break;
    case FATE_DISABLED:
        taken.fate = LAPIC_FATE_REFUSED;
        taken.why = IRQ_APIC_DISABLED;
        break;
    case FATE_ILLEGAL:
        taken.fate = LAPIC_FATE_REFUSED;
        taken.why = IRQ_ILLEGAL_VECTOR;
        break;
    default:
        taken.fate = LAPIC_FATE_REFUSED;
        taken.why = IRQ_UNSUPPORTED_MODE;
    }
    taken.vector = static_cast<uint8_t>(top.fate_vector_o[source / 4] >>
                                        (8 * (source % 4)));
    taken.mode = top.fate_mode_o >> (3 * source) & 7;
    return taken;
}

/* The error interrupt that the same source set off. */
lapic_taken error(const Vlapic &top, unsigned source)
{
    unsigned fate = top.error_fate_o >> (3 * source) & 7;
    lapic_taken taken = {};

    if (fate == FATE_NONE)
        return taken;
    taken.fate = fate == FATE_MERGED ? LAPIC_FATE_MERGED : LAPIC_FATE_ACCEPTED;
    taken.vector = top.error_vector_o;
    return taken;
}

lapic_due due(const rtl &t)
{
    lapic_due due = {lapic_due::LAPIC_DUE_NEVER, 0};

    if (t.top.tsc_deadline_o) {
        due.clock = lapic_due::LAPIC_DUE_TSC;
        due.at = t.top.tsc_deadline_o;
    } else if (t.top.timer_counting_o) {
        due.clock = lapic_due::LAPIC_DUE_TIMER_EDGE;
        due.at = t.edge + t.top.timer_left_o;
    }
    return due;
}

lapic_out answer(const Vlapic &top, unsigned source)
{
    lapic_out out = {};

    out.intr = top.intr_o || top.intr_waiting_o;
    out.extint = top.extint_o;
    out.gp = top.acc_fault_o;
    out.cleared = top.cleared_o;
    out.spurious = top.ack_spurious_o;
    out.eoi = top.eoi_o;
    out.eoi_bcast = top.eoi_o && top.send_o;
    out.eoi_vector = top.eoi_vector_o;
    out.send = !top.eoi_o && top.send_o; // the message itself: leave()
    out.taken = taken(top, source);
    out.error = error(top, source);
    return out;
}

lapic_out perform(void *of, lapic_request *req, sim_time now)
{
    rtl &t = rtl_of(of);
    Vlapic &top = t.top;
    uint64_t edge = clock_cycles(&t.timer, clock_edge(&t.timer, now));
    bool step = advance(t, now);
    uint64_t reached = t.edge + (step && t.timer_ticked);
    lapic_due before = due(t);
    lapic_due after;
    lapic_out out;
    unsigned source = present(t, *req, now);

    if (top.timer_counting_o)
        top.timer_skipped_i = edge - reached;
    cycle(t, step, false);
    t.edge = edge;
    out = answer(top, source);
    after = due(t);
    out.timer_changed = before.clock != after.clock || before.at != after.at;
    t.intr = t.intr && out.intr;
    if (req->kind == LAPIC_REQUEST_ACK)
        req->vector = top.ack_vector_o;
    else if (req->kind == LAPIC_REQUEST_LOAD ||
             req->kind == LAPIC_REQUEST_RDMSR)
        req->access.value = top.acc_rdata_o;
    return out;
}

bool intr(void *of, sim_time now)
{
    rtl &t = rtl_of(of);
    bool step = advance(t, now);

    if (!t.top.intr_o)
        cycle(t, step, true);
    t.intr = t.top.intr_o;
    if (!t.intr)
        t.complain(now, "INTR did not rise in time");
    return t.intr;
}

void leave(void *of, sim_time now, msg *m)
{
    rtl &t = rtl_of(of);
    bool step = advance(t, now);

    if (t.left.empty())
        cycle(t, step, true);
    if (t.left.empty()) {
        t.complain(now, "a message did not leave in time");
        return;
    }
    if (t.left.front().kind != m->kind)
        t.complain(now, "another message left");
    *m = t.left.front();
    t.left.pop_front();
}

lapic_due timer_due(const void *of)
{
    return due(rtl_of(of));
}

bool matches(void *of, const msg_apic *m)
{
    Vlapic &top = rtl_of(of).top;

    top.match_dest_i = m->dest;
    top.match_sender_i = m->sender;
    top.match_shorthand_i = m->shorthand;
    top.match_logical_i = m->logical;
    top.match_dest8_i = m->dest8;
    top.eval();
    return top.match_o;
}

uint32_t reg(const void *of, uint32_t offset)
{
    return rtl_of(of).top.regs_o[offset / 16];
}

uint64_t base(const void *of)
{
    return rtl_of(of).top.apic_base_o;
}

} // namespace

struct lapic_twin lapic_twin_make(const struct lapic_node_config *c)
{
    static const lapic_twin_calls calls = {
        common_calls<rtl>(), perform, intr, leave,
        timer_due,           matches, reg,  base};
    std::unique_ptr<rtl> t(new rtl);
    Vlapic &top = t->top;

    t->name = "local APIC " + std::to_string(c->id);
    t->ticks = c->apic_clock;
    t->timer = c->timer_clock;
    t->tsc = c->tsc_clock;
    top.id_i = c->id;
    top.bsp_i = c->bsp;
    top.features_i = static_cast<uint8_t>(c->features);
    top.maxphyaddr_i = c->maxphyaddr ? c->maxphyaddr : MAXPHYADDR_DEFAULT;
    top.accept_to_intr_i = static_cast<uint16_t>(c->costs.accept_to_intr);
    top.eoi_to_intr_i = static_cast<uint16_t>(c->costs.eoi_to_intr);
    top.icr_to_bus_i = static_cast<uint16_t>(c->costs.icr_to_bus);
    top.lint_i = 0;
    forget_strobes(top);
    top.rst_ni = 0;
    cycle(*t, false, false);
    top.rst_ni = 1;
    return {&calls, t.release()};
}
