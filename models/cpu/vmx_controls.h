/*
 * Control bits of the VMCS by their names in the manual: SDM vol. 3, "Pin-Based
 * VM-Execution Controls" and the sections that follow it.  Named are those
 * that concern interrupts, and those that software here sets.
 */
#ifndef MODELS_CPU_VMX_CONTROLS_H
#define MODELS_CPU_VMX_CONTROLS_H

#include <stdint.h>

/* Pin-based controls. */
#define PIN_EXTERNAL_INTERRUPT_EXITING (1u << 0)
#define PIN_NMI_EXITING (1u << 3)
#define PIN_VIRTUAL_NMIS (1u << 5)
#define PIN_PREEMPTION_TIMER (1u << 6)
#define PIN_POSTED_INTERRUPTS (1u << 7)
#define PIN_DEFAULT1 0x16u

/* Primary processor-based controls.  Those of INVLPG, MWAIT, RDPMC, MOV DR and
 * MONITOR can be set and have nothing to act on. */
#define PRIMARY_INTERRUPT_WINDOW (1u << 2)
#define PRIMARY_TSC_OFFSETTING (1u << 3)
#define PRIMARY_HLT_EXITING (1u << 7)
#define PRIMARY_WITHOUT_OPS (7u << 9 | 1u << 23 | 1u << 29)
#define PRIMARY_RDTSC_EXITING (1u << 12)
#define PRIMARY_CR8_LOAD_EXITING (1u << 19)
#define PRIMARY_CR8_STORE_EXITING (1u << 20)
#define PRIMARY_TPR_SHADOW (1u << 21)
#define PRIMARY_NMI_WINDOW (1u << 22)
#define PRIMARY_UNCONDITIONAL_IO (1u << 24)
#define PRIMARY_IO_BITMAPS (1u << 25)
#define PRIMARY_MONITOR_TRAP_FLAG (1u << 27)
#define PRIMARY_MSR_BITMAPS (1u << 28)
#define PRIMARY_PAUSE_EXITING (1u << 30)
#define PRIMARY_SECONDARY (1u << 31)
#define PRIMARY_TERTIARY (1u << 17)
#define PRIMARY_DEFAULT1 0x0401e172u

/* Secondary processor-based controls. */
#define SECONDARY_VIRTUALIZE_APIC_ACCESSES (1u << 0)
#define SECONDARY_EPT (1u << 1)
#define SECONDARY_DESCRIPTOR_TABLE_EXITING (1u << 2)
#define SECONDARY_VIRTUALIZE_X2APIC (1u << 4)
#define SECONDARY_VPID (1u << 5)
#define SECONDARY_APIC_REGISTER_VIRTUALIZATION (1u << 8)
#define SECONDARY_VIRTUAL_INTERRUPT_DELIVERY (1u << 9)
#define SECONDARY_PAUSE_LOOP_EXITING (1u << 10)

/* Tertiary processor-based controls, 64 bits. */
#define TERTIARY_IPI_VIRTUALIZATION (1u << 4)
#define TERTIARY_APIC_TIMER_VIRTUALIZATION (1u << 8)

/* VM-exit and VM-entry controls. */
#define EXIT_CTL_HOST_64 (1u << 9)
#define EXIT_CTL_ACKNOWLEDGE (1u << 15)
#define EXIT_CTL_SAVE_PREEMPTION_TIMER (1u << 22)
#define EXIT_CTL_CLEAR_UINV (1u << 27)
#define EXIT_CTL_DEFAULT1 0x00036dffu
#define ENTRY_CTL_GUEST_64 (1u << 9)
#define ENTRY_CTL_LOAD_UINV (1u << 19)
#define ENTRY_CTL_DEFAULT1 0x000011ffu

/* Default-1 bits that the TRUE capability MSRs let software clear: loading and
 * storing CR3 without exits, debug controls that stay as they are. */
#define PRIMARY_DEFAULT1_OPTIONAL (3u << 15)
#define EXIT_CTL_DEFAULT1_OPTIONAL (1u << 2)
#define ENTRY_CTL_DEFAULT1_OPTIONAL (1u << 2)

#endif
