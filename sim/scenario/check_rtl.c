/* What a scenario must keep to for RTL to act in the place of a model. */
#include "sim/scenario/check_private.h"

/* A block of the machine that RTL acts for. */
struct rtl_block {
    const char *name;
    uint64_t longest;      /* delay in the profile */
    uint64_t longest_most; /* that the twin's counters hold */
};

static struct diag_place rtl_place(const struct check *c, const char *block)
{
    struct element e = {c, node_get(node_get(c->root, "machine"), block)};

    return place_of(e, "implementation");
}

static void check_rtl_delays(const struct check *c, const struct rtl_block *b)
{
    if (b->longest > b->longest_most)
        broken(c, rtl_place(c, b->name),
               "implementation: rtl needs delays of at most %ju cycles; a "
               "delay of platform.%s is %ju",
               (uintmax_t)b->longest_most, b->name, (uintmax_t)b->longest);
}

static uint64_t longer(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static void check_lapic_rtl(const struct check *c)
{
    const struct lapic_costs *costs = &c->s->platform.lapic;
    struct rtl_block b = {.name = "lapic",
                          .longest_most = LAPIC_TWIN_DELAY_MAX};

    if (c->s->machine.lapic != IMPLEMENTATION_RTL)
        return;
    b.longest = longer(longer(costs->accept_to_intr, costs->eoi_to_intr),
                       costs->icr_to_bus);
    check_rtl_delays(c, &b);
}

static void check_ioapic_pins(const struct check *c, const char *key,
                              uint32_t pins)
{
    if (pins && pins != IOAPIC_TWIN_PINS && pins != IOAPIC_TWIN_PINS_MORE)
        broken(c, rtl_place(c, "ioapic"),
               "implementation: rtl needs an I/O APIC of %u or %u pins; "
               "machine.ioapic.%s is %u",
               IOAPIC_TWIN_PINS, IOAPIC_TWIN_PINS_MORE, key, pins);
}

static void check_ioapic_rtl(const struct check *c)
{
    const struct ioapic_costs *costs = &c->s->platform.ioapic;
    struct rtl_block b = {.name = "ioapic",
                          .longest_most = IOAPIC_TWIN_DELAY_MAX};

    if (c->s->machine.ioapic.implementation != IMPLEMENTATION_RTL ||
        !c->s->machine.ioapic.pins)
        return;
    check_ioapic_pins(c, "pins", c->s->machine.ioapic.pins);
    check_ioapic_pins(c, "second_pins", c->s->machine.ioapic.second_pins);
    b.longest = longer(costs->pin_to_message, costs->eoi_to_message);
    check_rtl_delays(c, &b);
}

static void check_pic_rtl(const struct check *c)
{
    const struct pic_costs *costs = &c->s->platform.pic;
    struct rtl_block b = {.name = "pic", .longest_most = PIC_TWIN_DELAY_MAX};

    if (c->s->machine.pic.implementation != IMPLEMENTATION_RTL ||
        c->s->machine.pic.virtual_wire == VIRTUAL_WIRE_NONE)
        return;
    b.longest = longer(costs->line_to_int, costs->write_to_int);
    check_rtl_delays(c, &b);
}

static void check_iommu_rtl(const struct check *c)
{
    const struct scenario_iommu *s = &c->s->machine.iommu;
    struct rtl_block b = {.name = "iommu",
                          .longest = c->s->platform.iommu.request_to_message,
                          .longest_most = IOMMU_TWIN_DELAY_MAX};

    if (s->implementation != IMPLEMENTATION_RTL || !s->units)
        return;
    check_rtl_delays(c, &b);
}

/* A block that the machine does not have needs nothing. */
void check_rtl(const struct check *c)
{
    check_lapic_rtl(c);
    check_ioapic_rtl(c);
    check_pic_rtl(c);
    check_iommu_rtl(c);
}
