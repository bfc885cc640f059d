/* The RTL side of the I/O APIC's lock-step test. */
#include "Vioapic.h"
#include "Vioapic120.h"

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
    Vioapic few;
    Vioapic120 many;
    lockstep_setup setup;
    uint32_t noise; /* outputs that were not 0 after power-up */
};

/* A port of any width as words of 32 bits, the lowest first. */
template <class Port> uint32_t *words(Port &port)
{
    static_assert(sizeof port % sizeof(uint32_t) == 0, "a port of words");
    return reinterpret_cast<uint32_t *>(&port);
}

template <class Port> unsigned pins_of(const Port &one_bit_a_pin)
{
    return sizeof one_bit_a_pin > sizeof(uint32_t) ? PINS : FEW_PINS;
}

template <class Top> void clock_edge(Top &top)
{
    top.clk_i = 0;
    top.eval();
    top.clk_i = 1;
    top.eval();
}

template <class Top> void forget_strobes(Top &top)
{
    top.answer_valid_i = 0;
    top.eoi_valid_i = 0;
    top.acc_valid_i = 0;
    top.reset_i = 0;
}

template <class Top> void present_access(Top &top, const lockstep_op &op)
{
    top.acc_valid_i = 1;
    top.acc_write_i = op.kind == OP_STORE;
    top.acc_offset_i = static_cast<uint16_t>(op.address);
    top.acc_bytes_i = static_cast<uint8_t>(op.extra);
    top.acc_wdata_i = op.value;
}

template <class Top> void present_pin(Top &top, unsigned pin, bool high)
{
    uint32_t &word = words(top.pins_i)[pin / 32];

    word = (word & ~(UINT32_C(1) << pin % 32)) | uint32_t(high) << pin % 32;
}

template <class Top> void present(Top &top, const lockstep_op &op)
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

unsigned bit(const uint32_t *words, unsigned i)
{
    return words[i / 32] >> i % 32 & 1;
}

/* Three bits a pin. */
void show_fates(const uint32_t *fates, unsigned pins, uint32_t *seen)
{
    for (unsigned pin = 0; pin < pins; pin++) {
        unsigned fate = bit(fates, 3 * pin) | bit(fates, 3 * pin + 1) << 1 |
                        bit(fates, 3 * pin + 2) << 2;

        seen[SEEN_BORN] += fate != FATE_NONE;
        seen[SEEN_MERGED_WAITING] += fate == FATE_MERGED_WAITING;
        seen[SEEN_MERGED_SERVICE] += fate == FATE_MERGED_SERVICE;
        seen[SEEN_UNSUPPORTED_MODE] += fate == FATE_DROPPED;
    }
}

void show_pins(const uint32_t *set, unsigned pins, uint32_t *seen)
{
    for (unsigned i = 0; 32 * i < pins; i++)
        seen[i] = set[i];
}

template <class Top> void show(const Top &top, uint32_t *seen)
{
    unsigned pins = pins_of(top.pins_i);

    for (unsigned i = 0; i < 2 * pins; i++)
        seen[SEEN_RTE + i] = top.rte_o[i];
    seen[SEEN_SELECT] = top.select_o;
    seen[SEEN_ID] = top.id_o;
    show_pins(words(top.waiting_o), pins, seen + SEEN_WAITING);
    show_pins(words(top.asked_o), pins, seen + SEEN_ASKED);
    show_pins(words(top.again_o), pins, seen + SEEN_AGAIN);
    show_pins(words(top.told_o), pins, seen + SEEN_TOLD);
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
    show_fates(words(top.answer_fate_o), pins, seen);
    show_fates(words(top.eoi_fate_o), pins, seen);
    show_fates(words(top.access_fate_o), pins, seen);
    show_fates(words(top.pin_fate_o), pins, seen);
    for (unsigned pin = 0; pin < pins; pin++)
        seen[SEEN_UNSUPPORTED_MODE] += bit(words(top.withdrawn_o), pin);
}

/* How many outputs are not 0; what belongs to a message counts as one. */
template <class Top> uint32_t outputs(const Top &top)
{
    uint32_t seen[SEEN_WORDS] = {0};
    uint32_t count = 0;

    show(top, seen);
    for (unsigned i = SEEN_WAITING; i < SEEN_WORDS; i++)
        count += seen[i] != 0 && (i < SEEN_MSG_PIN || i > SEEN_MSG_DATA);
    return count;
}

/* Returns how many outputs are not 0 then. */
template <class Top> uint32_t power_up(Top &top, const lockstep_setup &s)
{
    const uint64_t *v = s.value;
    uint32_t noise;

    top.version_i = static_cast<uint16_t>(v[SETUP_VERSION]);
    top.pin_to_message_i = static_cast<uint16_t>(v[SETUP_PIN_TO_MESSAGE]);
    top.eoi_to_message_i = static_cast<uint16_t>(v[SETUP_EOI_TO_MESSAGE]);
    for (unsigned pin = 0; pin < v[SETUP_SIZE]; pin++)
        present_pin(top, pin, false);
    top.step_i = top.apic_tick_i = top.choose_i = 1;
    forget_strobes(top);
    top.rst_ni = 0;
    clock_edge(top);
    noise = outputs(top);
    top.rst_ni = 1;
    return noise;
}

template <class Top>
void cycle(Top &top, const lockstep_setup &s, const lockstep_cycle &c)
{
    uint64_t now = ioapic_lockstep_instant(&s, c.number);

    forget_strobes(top);
    top.step_i = !c.number || ioapic_lockstep_last(&s, c.number - 1);
    top.apic_tick_i = now % s.value[SETUP_APIC_PERIOD] == 0;
    top.choose_i = ioapic_lockstep_last(&s, c.number);
    for (uint32_t i = 0; i < c.ops; i++)
        present(top, c.op[i]);
    clock_edge(top);
}

bool has_many(const lockstep_setup &s)
{
    return s.value[SETUP_SIZE] == PINS;
}

void power_up(void *ctx, const lockstep_setup *s)
{
    twin &t = *static_cast<twin *>(ctx);

    t.setup = *s;
    t.noise = has_many(*s) ? power_up(t.many, *s) : power_up(t.few, *s);
}

void cycle(void *ctx, const lockstep_cycle *c, uint32_t *seen)
{
    twin &t = *static_cast<twin *>(ctx);

    if (has_many(t.setup)) {
        cycle(t.many, t.setup, *c);
        show(t.many, seen);
    } else {
        cycle(t.few, t.setup, *c);
        show(t.few, seen);
    }
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
