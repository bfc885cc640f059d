/* Shared by the files of the rules between keys only. */
#ifndef SIM_SCENARIO_CHECK_PRIVATE_H
#define SIM_SCENARIO_CHECK_PRIVATE_H

#include <stdarg.h>
#include <stdio.h>

#include "sim/scenario/mistakes.h"
#include "sim/scenario/scenario.h"
#include "sim/scenario/tree.h"

struct check {
    struct mistakes *m;
    const struct scenario *s;
    const struct node *root;
    const char *variant;
};

/* One element of a list, with the node that it came from. */
struct element {
    const struct check *c;
    const struct node *node;
};

static inline struct element element(const struct check *c, const char *list,
                                     uint32_t i)
{
    return (struct element){c, node_get(c->root, list)->entry[i].value};
}

/* The value of a key, or of one in a group of the element, else the element. */
static inline struct diag_place place_of(struct element e, const char *key)
{
    static const char *const groups[] = {"features", "delay_timers",
                                         "coalescing", "msi", "adaptive"};
    const struct node *n = node_get(e.node, key);

    for (size_t i = 0; !n && i < sizeof groups / sizeof *groups; i++)
        n = node_get(node_get(e.node, groups[i]), key);
    return n ? n->at : e.node->at;
}

__attribute__((format(printf, 3, 4))) static inline void
broken(const struct check *c, struct diag_place at, const char *format, ...)
{
    char text[512];
    va_list ap;

    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    mistake_add(c->m, at, "%s%s%s%s", text, c->variant ? " (variant '" : "",
                c->variant ? c->variant : "", c->variant ? "')" : "");
}

/* The virtual machine that has a device, or how many there are. */
static inline uint32_t owner_of(const struct scenario *s, uint32_t device)
{
    for (uint32_t i = 0; i < s->vm_count; i++)
        for (uint32_t j = 0; j < s->vm[i].assigned_count; j++)
            if (s->vm[i].assigned[j] == device)
                return i;
    return s->vm_count;
}

/* check_lines.c: interrupt lines, and the controllers at their ends. */
void check_line(const struct check *c, uint32_t device);
void check_bridge(const struct check *c, uint32_t bridge);
void check_source_id(const struct check *c, uint32_t device);
void check_ioapics(const struct check *c);
void check_virtual_wire(const struct check *c);

/* check_hpet.c: the HPET, and who has its timers. */
void check_hpet(const struct check *c);

/* check_moderation.c: what holds interrupts back; MSI's vectors. */
void check_moderation(const struct check *c, uint32_t device);
void check_granted(const struct check *c, uint32_t device);

/* check_apicv.c: APIC virtualization, and the CPU that takes interrupts. */
void check_apicv(const struct check *c, uint32_t vm);
void check_irq_cpu(const struct check *c);

/* check_kvm.c: features of the hypervisor that stand alone. */
void check_kvm(const struct check *c, uint32_t vm);

/* check_cpus.c: where virtual CPUs run; what those that share a CPU need.  The
 * first CPU that two virtual machines have both, or UINT64_MAX. */
uint64_t check_common_cpu(const struct scenario_vm *a,
                          const struct scenario_vm *b);
void check_cpus(const struct check *c, uint32_t vm);
void check_host(const struct check *c);

/* check_user.c: user threads. */
void check_user(const struct check *c, uint32_t vm);

/* check_rtl.c: RTL in the place of models. */
void check_rtl(const struct check *c);

/* check_iommu.c: remapping units, and the device in the scope of one. */
void check_iommu(const struct check *c);
void check_scope(const struct check *c, uint32_t device);
void check_unit(const struct check *c, uint32_t unit, struct diag_place at);
void check_posting(const struct check *c, uint32_t vm);
void check_balance(const struct check *c, uint32_t vm);
void check_maps(const struct check *c, uint32_t vm);
void check_launch(const struct check *c, uint32_t vm);
void check_switch(const struct check *c, uint32_t vm);

#endif
