/* The invariants of a PCIe function: each is seen when it is broken, and
 * nothing is found in the states next to it. */
#include "models/pcie/pcie.h"
#include "tests/gtest_c.h"

#define MASTER PCIE_COMMAND_BUS_MASTER

/* Four vectors of each kind; MSI with two of them granted. */
static struct pcie function(void)
{
    struct pcie p;

    pcie_init(&p, &(struct pcie_build){.msi_vectors = 4, .msix_vectors = 4});
    p.loaded[3] = SIM_US;
    p.reg[PCIE_MSI_CONTROL] |= 1u << PCIE_MSI_MME_SHIFT;
    return p;
}

static void last_entry_pending(struct pcie *p)
{
    p->msix_pending = 1u << 3;
}

static void no_entry_pending(struct pcie *p)
{
    p->msix_pending = 1u << 4;
}

static void last_granted_pending(struct pcie *p)
{
    p->reg[PCIE_MSI_PENDING] = 1u << 1;
}

static void not_granted_pending(struct pcie *p)
{
    p->reg[PCIE_MSI_PENDING] = 1u << 2;
}

static void all_granted(struct pcie *p)
{
    p->reg[PCIE_MSI_CONTROL] |= 2u << PCIE_MSI_MME_SHIFT;
    p->reg[PCIE_MSI_CONTROL] &= ~(1u << PCIE_MSI_MME_SHIFT);
}

static void more_granted(struct pcie *p)
{
    p->reg[PCIE_MSI_CONTROL] |= 3u << PCIE_MSI_MME_SHIFT;
}

static void wanted_and_running(struct pcie *p)
{
    p->wanted = p->running = 1u << 3;
}

static void wanted_alone(struct pcie *p)
{
    p->wanted = 1u << 3;
}

static void running_for_no_time(struct pcie *p)
{
    p->running = 1u << 2;
}

static void sendable(struct pcie *p)
{
    p->reg[PCIE_COMMAND] |= MASTER;
    p->reg[PCIE_MSI_CONTROL] |= PCIE_MSI_ENABLE;
    p->reg[PCIE_MSI_PENDING] = 1;
}

static void masked_pending(struct pcie *p)
{
    sendable(p);
    p->reg[PCIE_MSI_MASK] = 1;
}

static void entry_sendable(struct pcie *p)
{
    p->reg[PCIE_COMMAND] |= MASTER;
    p->reg[PCIE_MSIX_CONTROL] |= PCIE_MSIX_ENABLE;
    p->entry[1][PCIE_ENTRY_VECTOR_CONTROL] = 0;
    p->msix_pending = 1u << 1;
}

static void masked_entry_pending(struct pcie *p)
{
    entry_sendable(p);
    p->entry[1][PCIE_ENTRY_VECTOR_CONTROL] = PCIE_VECTOR_MASKED;
}

#define ENTRY "an MSI-X entry that does not exist is pending"
#define VECTOR "an MSI vector that was not granted is pending"
#define GRANTED "more MSI vectors are granted than asked for"
#define HELD "moderation holds a cause whose interval does not run"
#define RUNS "an interval runs that has no length"
#define SENDABLE "a message is pending that could be sent"

static const struct state {
    const char *name;
    void (*make)(struct pcie *p);
    const char *broken; /* NULL: nothing is */
} states[] = {
    {"last_entry_pending", last_entry_pending, NULL},
    {"no_entry_pending", no_entry_pending, ENTRY},
    {"last_granted_pending", last_granted_pending, NULL},
    {"not_granted_pending", not_granted_pending, VECTOR},
    {"all_granted", all_granted, NULL},
    {"more_granted", more_granted, GRANTED},
    {"wanted_and_running", wanted_and_running, NULL},
    {"wanted_alone", wanted_alone, HELD},
    {"running_for_no_time", running_for_no_time, RUNS},
    {"sendable", sendable, SENDABLE},
    {"masked_pending", masked_pending, NULL},
    {"entry_sendable", entry_sendable, SENDABLE},
    {"masked_entry_pending", masked_entry_pending, NULL},
};

TEST_EACH(pcie_check, names_what_is_broken, struct state, states)
{
    struct pcie p = function();

    row->make(&p);
    EXPECT_STREQ(pcie_check(&p), row->broken);
}
