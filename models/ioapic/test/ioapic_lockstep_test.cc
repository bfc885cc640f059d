/* The RTL side of the I/O APIC's lock-step test. */
#include "Vioapic.h"

#include "models/ioapic/test/ioapic_lockstep.h"

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

struct twin {
    Vioapic top;
    lockstep_setup setup;
    uint32_t noise; /* outputs that were not 0 after power-up */
};

void clock_edge(Vioapic &top)
{
    top.clk_i = 0;
    top.eval();
    top.clk_i = 1;
    top.eval();
}

void forget_strobes(Vioapic &top)
{
    top.answer_valid_i = 0;
    top.eoi_valid_i = 0;
    top.acc_valid_i = 0;
    top.reset_i = 0;
}

void present_access(Vioapic &top, const lockstep_op &op)
{
    top.acc_valid_i = 1;
    top.acc_write_i = op.kind == OP_STORE;
    top.acc_offset_i = static_cast<uint16_t>(op.address);
    top.acc_bytes_i = static_cast<uint8_t>(op.extra);
    top.acc_wdata_i = op.value;
}

void present_pin(Vioapic &top, unsigned pin, bool high)
{
    uint32_t others = top.pins_i & ~(UINT32_C(1) << pin);

    top.pins_i = others | uint32_t(high) << pin;
}

void present(Vioapic &top, const lockstep_op &op)
{
    switch (op.kind) {
    case OP_ANSWER:
        top.answer_valid_i = 1;
        top.answer_pin_i = static_cast<uint8_t>(op.address);
        top.answer_taken_i = op.value != 0;
        return;
    case OP_EOI:
        top.eoi_valid_i = 1;
        top.eoi_vector_i = static_cast<uint8_t>(op.value);
        return;
    case OP_PIN:
        return present_pin(top, static_cast<unsigned>(op.address),
                           op.value != 0);
    case OP_RESET:
        top.reset_i = 1;
        return;
    default:
        return present_access(top, op);
    }
}

/* Three bits a pin, from words of 32. */
template <class T> unsigned fate_of(const T &fates, unsigned pin)
{
    unsigned fate = 0;

    for (unsigned i = 0; i < 3; i++) {
        unsigned bit = 3 * pin + i;

        fate |= (fates[bit / 32] >> bit % 32 & 1) << i;
    }
    return fate;
}

template <class T> void show_fates(const T &fates, uint32_t *seen)
{
    for (unsigned pin = 0; pin < PINS; pin++) {
        unsigned fate = fate_of(fates, pin);

        seen[SEEN_BORN] += fate != FATE_NONE;
        seen[SEEN_MERGED_WAITING] += fate == FATE_MERGED_WAITING;
        seen[SEEN_MERGED_SERVICE] += fate == FATE_MERGED_SERVICE;
        seen[SEEN_UNSUPPORTED_MODE] += fate == FATE_DROPPED;
    }
}

void show(const Vioapic &top, uint32_t *seen)
{
    for (unsigned i = 0; i < 2 * PINS; i++)
        seen[SEEN_RTE + i] = top.rte_o[i];
    seen[SEEN_SELECT] = top.select_o;
    seen[SEEN_ID] = top.id_o;
    seen[SEEN_WAITING] = top.waiting_o;
    seen[SEEN_ASKED] = top.asked_o;
    seen[SEEN_AGAIN] = top.again_o;
    seen[SEEN_TOLD] = top.told_o;
    seen[SEEN_SENDING] = top.sending_o;
    seen[SEEN_SENDING_PIN] = top.sending_pin_o;
    seen[SEEN_SENDING_RESEND] = top.sending_resend_o;
    seen[SEEN_SENDING_ADDR] = top.sending_addr_o;
    seen[SEEN_SENDING_DATA] = top.sending_data_o;
    seen[SEEN_MSG_VALID] = top.msg_valid_o;
    seen[SEEN_MSG_PIN] = top.msg_pin_o;
    seen[SEEN_MSG_ADDR] = top.msg_addr_o;
    seen[SEEN_MSG_DATA] = top.msg_data_o;
    seen[SEEN_RDATA_LOW] = static_cast<uint32_t>(top.acc_rdata_o);
    seen[SEEN_RDATA_HIGH] = static_cast<uint32_t>(top.acc_rdata_o >> 32);
    seen[SEEN_WARNING] = top.acc_warning_o;
    show_fates(top.answer_fate_o, seen);
    show_fates(top.eoi_fate_o, seen);
    show_fates(top.access_fate_o, seen);
    show_fates(top.pin_fate_o, seen);
    for (unsigned pin = 0; pin < PINS; pin++)
        seen[SEEN_UNSUPPORTED_MODE] += top.withdrawn_o >> pin & 1;
}

/* How many outputs are not 0; what belongs to a message counts as one. */
uint32_t outputs(const Vioapic &top)
{
    uint32_t seen[SEEN_WORDS] = {0};
    uint32_t count = 0;

    show(top, seen);
    for (unsigned i = SEEN_WAITING; i < SEEN_WORDS; i++)
        count += seen[i] != 0 && (i < SEEN_MSG_PIN || i > SEEN_MSG_DATA);
    return count;
}

void power_up(void *ctx, const lockstep_setup *s)
{
    twin &t = *static_cast<twin *>(ctx);
    const uint64_t *v = s->value;

    t.setup = *s;
    t.top.version_i = static_cast<uint16_t>(v[SETUP_VERSION]);
    t.top.pin_to_message_i = static_cast<uint16_t>(v[SETUP_PIN_TO_MESSAGE]);
    t.top.eoi_to_message_i = static_cast<uint16_t>(v[SETUP_EOI_TO_MESSAGE]);
    t.top.pins_i = 0;
    t.top.step_i = t.top.apic_tick_i = t.top.choose_i = 1;
    forget_strobes(t.top);
    t.top.rst_ni = 0;
    clock_edge(t.top);
    t.noise = outputs(t.top);
    t.top.rst_ni = 1;
}

void cycle(void *ctx, const lockstep_cycle *c, uint32_t *seen)
{
    twin &t = *static_cast<twin *>(ctx);

    uint64_t now = ioapic_lockstep_instant(&t.setup, c->number);

    forget_strobes(t.top);
    t.top.step_i = !c->number || ioapic_lockstep_last(&t.setup, c->number - 1);
    t.top.apic_tick_i = now % t.setup.value[SETUP_APIC_PERIOD] == 0;
    t.top.choose_i = ioapic_lockstep_last(&t.setup, c->number);
    for (uint32_t i = 0; i < c->ops; i++)
        present(t.top, c->op[i]);
    clock_edge(t.top);
    show(t.top, seen);
    if (!c->number)
        seen[SEEN_POWER_UP] = t.noise;
}

} // namespace

int main(int argc, char **argv)
{
    static twin t;

    ioapic_lockstep_block.side[1] = {"RTL", &t, power_up, cycle};
    return lockstep_main(&ioapic_lockstep_block, argc, argv);
}
