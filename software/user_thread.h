/*
 * A user thread that notifies one on another CPU, or is notified, and what its
 * kernel does for that.
 *
 * With user interrupts the sender executes SENDUIPI; the receiver's handler is
 * entered by the processor.  A receiver that waits has its kernel halt the CPU,
 * with the descriptor's NV at an ordinary vector of the kernel, and send the
 * notification to itself when it has been woken.  With signals both kernels
 * are on the way: the sender's system call interrupts the receiver's CPU,
 * whose kernel changes the thread's frame so that it returns to the handler,
 * which ends with a system call.
 *
 * The kernel has one thread and nothing else to run.  What it does beyond the
 * hardware's part is WORK of the configuration's cycles.
 */
#ifndef SOFTWARE_USER_THREAD_H
#define SOFTWARE_USER_THREAD_H

#include <stdbool.h>
#include <stdint.h>

#include "models/cpu/cpu_node.h"
#include "software/text.h"

enum user_role { USER_NONE, USER_SENDER, USER_RECEIVER, USER_WAITER };

struct user_thread_config {
    enum user_role role;
    bool signals; /* instead of user interrupts */
    bool x2apic;
    uint64_t memory;       /* a page of its own */
    uint64_t kernel_stack; /* for what comes at level 3 */
    uint64_t receiver;     /* the page of the thread that is notified */
    uint32_t receiver_id;  /* APIC ID of its CPU */
    uint16_t source;       /* of signals */
    uint64_t work;         /* between two notifications */
    uint64_t handler;      /* of the receiver */
    uint64_t system_call, signal, wake; /* the kernel's */
};

struct user_thread {
    struct user_thread_config config;
    irq_id signal;   /* on its way out of the sender, or into the handler */
    bool in_handler; /* of a signal: the next one waits */
    uint64_t user_handler; /* RIP */
    uint64_t handled;
};

/* Where the page of a thread has its descriptor, whose address is also that of
 * its signals in the books. */
#define USER_THREAD_UPID 0u

/* Its gates, and what the kernel runs through them. */
void user_thread_build_gates(struct user_thread *u, struct text *t,
                             struct mem *m, uint64_t idt);

/* At the end of the kernel's boot: the way into the program. */
void user_thread_build(struct user_thread *u, struct text *t, struct mem *m);

#endif
