/* The verilated I/O APIC in a machine. */
#include "sim/sc/ioapic_twin.h"

#include <memory>
#include <optional>

#include "Vioapic.h"
#include "Vioapic120.h"
#include "sim/sc/nodes_c.h"
#include "sim/sc/twin.h"

namespace
{

/* ioapic_pkg::fate_e */
enum {
    FATE_NONE,
    FATE_REQUESTED,
    FATE_MERGED_WAITING,
    FATE_MERGED_SERVICE,
    FATE_DROPPED
};

constexpr unsigned FATE_BITS = 3;
constexpr unsigned DATA_LEVEL_BIT = 15; // of a message: trigger mode

template <class Top> struct rtl : twin_frame<Top> {
    unsigned pins = 0;
    std::optional<ioapic_message> left; // that the node has not asked for
};

template <class Top> rtl<Top> &rtl_of(void *of)
{
    return *static_cast<rtl<Top> *>(of);
}

/* A port of any width as words of 32 bits, the lowest first. */
template <class Port> uint32_t *words(Port &port)
{
    static_assert(sizeof port % sizeof(uint32_t) == 0, "a port of words");
    return reinterpret_cast<uint32_t *>(&port);
}

unsigned bit(const uint32_t *words, unsigned i)
{
    return words[i / 32] >> i % 32 & 1;
}

template <class Top> void forget_strobes(Top &top)
{
    top.answer_valid_i = 0;
    top.eoi_valid_i = 0;
    top.acc_valid_i = 0;
    top.reset_i = 0;
}

/* One cycle at the instant of the last catch_up(). */
template <class Top> void cycle(rtl<Top> &t, bool step, bool tick, bool choose)
{
    Top &top = t.top;

    top.step_i = step;
    top.apic_tick_i = tick;
    top.choose_i = choose;
    t.clock();
    if (top.msg_valid_o)
        t.left = ioapic_message{top.msg_addr_o, top.msg_data_o};
    forget_strobes(top);
}

/* The ticks before `now` at which a delay goes on.  True if time went on. */
template <class Top> bool advance(rtl<Top> &t, sim_time now)
{
    if (now == t.at)
        return false;
    t.catch_up(
        now, [&t] { return t.top.sending_o; },
        [&t] { cycle(t, true, true, false); });
    if (t.left)
        t.complain(now, "a message left before its time");
    return true;
}

template <class Top> void present_access(Top &top, const ioapic_request &req)
{
    top.acc_valid_i = 1;
    top.acc_write_i = req.kind == IOAPIC_REQUEST_STORE;
    top.acc_offset_i = static_cast<uint16_t>(req.access.offset);
    top.acc_bytes_i = static_cast<uint8_t>(req.access.bytes);
    top.acc_wdata_i = req.access.value;
}

template <class Top> void present_pin(Top &top, unsigned pin, bool high)
{
    uint32_t &word = words(top.pins_i)[pin / 32];

    word = (word & ~(UINT32_C(1) << pin % 32)) | uint32_t(high) << pin % 32;
}

template <class Top> void present(Top &top, const ioapic_request &req)
{
    switch (req.kind) {
    case IOAPIC_REQUEST_PIN:
        present_pin(top, req.pin.number, req.pin.high);
        break;
    case IOAPIC_REQUEST_EOI:
        top.eoi_valid_i = 1;
        top.eoi_vector_i = req.vector;
        break;
    case IOAPIC_REQUEST_ANSWER:
        top.answer_valid_i = 1;
        top.answer_pin_i = static_cast<uint8_t>(req.answer.pin);
        top.answer_taken_i = req.answer.taken;
        break;
    case IOAPIC_REQUEST_RESET:
        top.reset_i = 1;
        break;
    default:
        present_access(top, req);
    }
}

void note_fate(ioapic_out &out, unsigned pin, unsigned fate)
{
    uint8_t p = static_cast<uint8_t>(pin);

    if (fate == FATE_REQUESTED)
        vecset_add(&out.requested, p);
    if (fate == FATE_DROPPED)
        vecset_add(&out.dropped, p);
    if (fate == FATE_MERGED_WAITING || fate == FATE_MERGED_SERVICE) {
        out.merged = true;
        out.pin = p;
        out.why = fate == FATE_MERGED_WAITING ? IRQ_MESSAGE_WAITING
                                              : IRQ_REMOTE_IRR_SET;
    }
}

/* Of one call presented: a pin has one fate at most, whatever the call. */
template <class Top> ioapic_out answer(Top &top, unsigned pins)
{
    const uint32_t *fates[] = {words(top.answer_fate_o), words(top.eoi_fate_o),
                               words(top.access_fate_o), words(top.pin_fate_o)};
    ioapic_out out = {};

    for (unsigned pin = 0; pin < pins; pin++) {
        unsigned fate = 0;

        for (unsigned i = 0; i < FATE_BITS; i++)
            for (const uint32_t *of : fates)
                fate |= bit(of, FATE_BITS * pin + i) << i;
        note_fate(out, pin, fate);
        if (bit(words(top.withdrawn_o), pin)) {
            out.withdrawn = true;
            out.pin = static_cast<uint8_t>(pin);
        }
    }
    out.warning = top.acc_warning_o;
    return out;
}

/* ---- the calls of the node ---- */

template <class Top>
ioapic_out perform(void *of, ioapic_request *req, sim_time now)
{
    rtl<Top> &t = rtl_of<Top>(of);
    bool step = advance(t, now);

    present(t.top, *req);
    cycle(t, step, t.is_tick(now), false);
    if (req->kind == IOAPIC_REQUEST_LOAD)
        req->access.value = t.top.acc_rdata_o;
    if (req->kind == IOAPIC_REQUEST_RESET)
        t.left.reset(); // the node drops it
    return answer(t.top, t.pins);
}

template <class Top> bool waiting(const void *of)
{
    const rtl<Top> &t = *static_cast<const rtl<Top> *>(of);
    const uint32_t *waiting = words(t.top.waiting_o);

    for (unsigned pin = 0; pin < t.pins; pin += 32)
        if (waiting[pin / 32])
            return true;
    return false;
}

template <class Top> ioapic_sent take(void *of, sim_time now)
{
    rtl<Top> &t = rtl_of<Top>(of);
    bool step = advance(t, now);
    ioapic_sent sent = {};

    cycle(t, step, t.is_tick(now), true);
    if (!t.top.sending_o)
        t.complain(now, "no message set out in time");
    sent.pin = t.top.sending_pin_o;
    sent.resend = t.top.sending_resend_o;
    sent.message = {t.top.sending_addr_o, t.top.sending_data_o};
    sent.level = sent.message.data >> DATA_LEVEL_BIT & 1;
    return sent;
}

template <class Top> ioapic_message leave(void *of, sim_time now)
{
    rtl<Top> &t = rtl_of<Top>(of);
    bool step = advance(t, now);
    ioapic_message message = {};

    if (!t.left)
        cycle(t, step, t.is_tick(now), false);
    if (!t.left)
        t.complain(now, "a message did not leave in time");
    message = t.left.value_or(message);
    t.left.reset();
    return message;
}

template <class Top> ioapic_twin make(const ioapic_node_config &c)
{
    static const ioapic_twin_calls calls = {common_calls<rtl<Top>>(),
                                            perform<Top>, waiting<Top>,
                                            take<Top>, leave<Top>};
    std::unique_ptr<rtl<Top>> t(new rtl<Top>);
    Top &top = t->top;

    t->name = "an I/O APIC with " + std::to_string(c.pins) + " pins";
    t->ticks = c.apic_clock;
    t->pins = c.pins;
    top.version_i = c.version;
    top.pin_to_message_i = static_cast<uint16_t>(c.costs.pin_to_message);
    top.eoi_to_message_i = static_cast<uint16_t>(c.costs.eoi_to_message);
    for (unsigned pin = 0; pin < c.pins; pin++)
        present_pin(top, pin, false);
    forget_strobes(top);
    top.rst_ni = 0;
    cycle(*t, false, false, false);
    top.rst_ni = 1;
    return {&calls, t.release()};
}

} // namespace

struct ioapic_twin ioapic_twin_make(const struct ioapic_node_config *c)
{
    return c->pins == IOAPIC_TWIN_PINS ? make<Vioapic>(*c)
                                       : make<Vioapic120>(*c);
}
