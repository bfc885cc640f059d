/* The guest's TPR by CR8, and by the register in both modes: exits of each. */
#include "software/apic_code.h"
#include "software/test/moments.h"
#include "software/test/rungs.h"

#define SHADOW                                                                 \
    {                                                                          \
        .tpr_shadow = true, .apic_access_page = true, .x2apic_virt = true      \
    }

enum way { CR8, PAGE, MSR };

static const struct tpr_row {
    const char *name;
    struct kvm_apicv apicv;
    enum way way;
    /* exits of a write, of a read, and of a write that lets the waiting
     * interrupt in */
    uint64_t write, read, lower;
    enum exit_reason reason;       /* of the first and the last */
    enum exit_reason lower_reason; /* of the write that lets it in */
} tpr_rows[] = {
    {"cr8_software_apic", SOFTWARE, CR8, 1, 1, 1, EXIT_CR_ACCESS,
     EXIT_CR_ACCESS},
    {"page_software_apic", SOFTWARE, PAGE, 1, 1, 1, EXIT_EPT_VIOLATION,
     EXIT_EPT_VIOLATION},
    {"msr_software_apic", SOFTWARE, MSR, 1, 1, 1, EXIT_MSR_WRITE,
     EXIT_MSR_WRITE},
    {"cr8_tpr_shadow", SHADOW, CR8, 0, 0, 1, EXIT_CR_ACCESS,
     EXIT_TPR_BELOW_THRESHOLD},
    {"page_tpr_shadow", SHADOW, PAGE, 0, 0, 1, EXIT_APIC_ACCESS,
     EXIT_TPR_BELOW_THRESHOLD},
    {"msr_tpr_shadow", SHADOW, MSR, 0, 0, 1, EXIT_MSR_WRITE,
     EXIT_TPR_BELOW_THRESHOLD},
    {"msr_not_virtualized",
     {.tpr_shadow = true},
     MSR,
     1,
     1,
     1,
     EXIT_MSR_WRITE,
     EXIT_MSR_WRITE},
    {"cr8_apicv", APICV, CR8, 0, 0, 0, EXIT_CR_ACCESS, EXIT_CR_ACCESS},
    {"page_apicv", APICV, PAGE, 0, 0, 0, EXIT_APIC_WRITE, EXIT_APIC_WRITE},
    {"msr_apicv", APICV, MSR, 0, 0, 0, EXIT_MSR_WRITE, EXIT_MSR_WRITE},
};

/* What the second guest's program notes: exits of its virtual CPU. */
struct notes {
    struct machine *machine;
    uint64_t exits[8], reason[8], value;
    unsigned count;
    enum exit_reason watched;
};

static void note(void *self, struct cpu_env *env, uint64_t arg)
{
    struct notes *n = self;

    (void)arg;
    for (unsigned r = 0; r < EXIT_REASON_LIMIT; r++)
        n->exits[n->count] += env->node->account.exits[r];
    n->reason[n->count] = env->node->account.exits[n->watched];
    n->value = env->cpu->gpr[RAX];
    n->count++;
}

static void write_tpr(struct notes *n, enum way way, uint8_t tpr)
{
    rig_op(n->machine, OP_MOV, way == CR8 ? tpr >> 4 : tpr);
    if (way == CR8)
        rig_op(n->machine, OP_MOV_CR8, 0);
    else if (way == MSR)
        rig_op(n->machine, OP_WRMSR, MSR_X2APIC + APIC_TPR / 16);
    else
        rig_op(n->machine, OP_STORE, APIC_PAGE + APIC_TPR);
    text_call(&n->machine->text, note, n, 0);
}

static void read_tpr(struct notes *n, enum way way)
{
    if (way == CR8)
        rig_op(n->machine, OP_MOV_FROM_CR8, 0);
    else if (way == MSR)
        rig_op(n->machine, OP_RDMSR, MSR_X2APIC + APIC_TPR / 16);
    else
        rig_op(n->machine, OP_LOAD, APIC_PAGE + APIC_TPR);
    text_call(&n->machine->text, note, n, 0);
}

static struct scenario guests(const struct tpr_row *row)
{
    struct scenario s = rig_scenario(RIG_KVM, PROGRAM_SPIN);

    s.warmup = 0;
    for (int i = 0; i < 2; i++) {
        s.vm[i].apic = row->way == PAGE ? APIC_MODE_XAPIC : APIC_MODE_X2APIC;
        s.vm[i].features.apicv = row->apicv;
    }
    return s;
}

TEST_EACH(kvm_tpr, write_and_read_of, struct tpr_row, tpr_rows)
{
    struct scenario s = guests(row);
    struct notes n = {.machine = machine_build(&s)};

    rig_code(n.machine, 1);
    text_call(&n.machine->text, note, &n, 0);
    write_tpr(&n, row->way, 0x50);
    read_tpr(&n, row->way);
    rig_spin(n.machine, 100000);
    machine_run(n.machine, SIM_MS);
    ASSERT_EQ(n.count, 3);
    EXPECT_EQ(n.exits[1] - n.exits[0], row->write);
    EXPECT_EQ(n.exits[2] - n.exits[1], row->read);
    EXPECT_EQ(n.value, row->way == CR8 ? 5 : 0x50);
    finish(n.machine, 0);
}

/* Raised above the device's vector, lowered again when one waits. */
TEST_EACH(kvm_tpr, lowered_below_a_waiting_interrupt_by, struct tpr_row,
          tpr_rows)
{
    struct scenario s = guests(row);
    struct notes n = {.machine = machine_build(&s),
                      .watched = row->lower_reason};

    rig_code(n.machine, 1);
    write_tpr(&n, row->way, 0xf0);
    rig_op(n.machine, OP_WORK, 6000000);
    text_call(&n.machine->text, note, &n, 0);
    write_tpr(&n, row->way, 0);
    rig_spin(n.machine, 100000);
    machine_run(n.machine, SIM_MS);
    send_assigned(n.machine, 0);
    machine_run(n.machine, 4 * SIM_MS);
    ASSERT_EQ(n.count, 3);
    /* the handler, which has come before the note, exits for its EOI */
    EXPECT_EQ(n.reason[2] - n.reason[1],
              row->lower + (row->lower_reason != EXIT_TPR_BELOW_THRESHOLD &&
                            row->lower_reason != EXIT_CR_ACCESS && row->lower));
    EXPECT_EQ(n.machine->irqs.count[n.machine->outside_source].delivered, 1);
    finish(n.machine, 0);
}

TEST(kvm_tpr_fault, of_cr8_beyond_15_is_the_guests)
{
    for (size_t i = 0; i < sizeof tpr_rows / sizeof tpr_rows[0]; i++) {
        struct scenario s = guests(&tpr_rows[i]);
        struct machine *m = machine_build(&s);

        rig_code(m, 1);
        rig_op(m, OP_MOV, 16);
        rig_op(m, OP_MOV_CR8, 0);
        finish(m, 1);
    }
}
