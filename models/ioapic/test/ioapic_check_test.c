/* The invariants of the I/O APIC: each is seen when it is broken, at the last
 * pin as well, and nothing is found in the states next to it. */
#include "models/ioapic/test/ioapic_fixture.h"
#include "sim/core/msg.h"

#define LAST 23u

static void asked(struct ioapic *io, uint32_t rte)
{
    io->rte[LAST] = rte;
    vecset_add(&io->asked, LAST);
}

static void edge_asked(struct ioapic *io)
{
    asked(io, 0);
}

static void level_asked(struct ioapic *io)
{
    asked(io, LEVEL);
}

static void edge_serving(struct ioapic *io)
{
    io->rte[0] = IOAPIC_RTE_REMOTE_IRR;
}

static void serving_and_asked(struct ioapic *io)
{
    asked(io, LEVEL | IOAPIC_RTE_REMOTE_IRR);
}

static void serving_and_waiting(struct ioapic *io)
{
    io->rte[LAST] = LEVEL | IOAPIC_RTE_REMOTE_IRR;
    vecset_add(&io->waiting, LAST);
}

static void asked_and_waiting(struct ioapic *io)
{
    asked(io, LEVEL);
    vecset_add(&io->waiting, LAST);
}

static void reserved_waiting(struct ioapic *io)
{
    io->rte[LAST] = MODE(DELIVERY_RESERVED3);
    vecset_add(&io->waiting, LAST);
}

static void fixed_waiting(struct ioapic *io)
{
    io->rte[LAST] = MODE(DELIVERY_FIXED);
    vecset_add(&io->waiting, LAST);
}

static void resend_alone(struct ioapic *io)
{
    vecset_add(&io->resend, LAST);
}

static void resend_waiting(struct ioapic *io)
{
    fixed_waiting(io);
    vecset_add(&io->resend, LAST);
}

static void again_alone(struct ioapic *io)
{
    vecset_add(&io->again, LAST);
}

static void again_asked(struct ioapic *io)
{
    level_asked(io);
    vecset_add(&io->again, LAST);
}

static void told(struct ioapic *io, uint32_t rte)
{
    io->rte[LAST] = rte;
    vecset_add(&io->told, LAST);
}

static void told_inactive(struct ioapic *io)
{
    told(io, LEVEL);
}

static void told_active_edge(struct ioapic *io)
{
    told(io, ACTIVE_LOW);
}

static void told_active(struct ioapic *io)
{
    told(io, LEVEL | ACTIVE_LOW);
}

#define EXPECTS "an edge-triggered entry expects an EOI"
#define TWO "a pin has two messages at once"
#define RESERVED "a message of a reserved delivery mode waits"
#define RESEND "an EOI set off a message that does not wait"
#define AGAIN "a message that was not sent is to be tried again"
#define TOLD "a pin that is not active has had its message"

static const struct state {
    const char *name;
    void (*make)(struct ioapic *io);
    const char *broken; /* NULL: nothing is */
} states[] = {
    {"edge_asked", edge_asked, EXPECTS},
    {"edge_serving", edge_serving, EXPECTS},
    {"level_asked", level_asked, NULL},
    {"serving_and_asked", serving_and_asked, TWO},
    {"serving_and_waiting", serving_and_waiting, TWO},
    {"asked_and_waiting", asked_and_waiting, TWO},
    {"reserved_waiting", reserved_waiting, RESERVED},
    {"fixed_waiting", fixed_waiting, NULL},
    {"resend_alone", resend_alone, RESEND},
    {"resend_waiting", resend_waiting, NULL},
    {"again_alone", again_alone, AGAIN},
    {"again_asked", again_asked, NULL},
    {"told_inactive", told_inactive, TOLD},
    {"told_active_edge", told_active_edge, TOLD},
    {"told_active", told_active, NULL},
};

TEST_EACH(ioapic_check, names_what_is_broken, struct state, states)
{
    struct ioapic_unit f;

    ioapic_unit_start(&f, LAST + 1, 0x20);
    row->make(&f.io);
    EXPECT_STREQ(ioapic_check(&f.io), row->broken);
}
