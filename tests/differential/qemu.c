/* A stopped QEMU and its qtest protocol. */
#include "tests/differential/qemu.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_MS 20000
#define LINE_MAX_LENGTH 1024u
#define IOAPIC_BASE 0xfec00000u
#define IOAPIC_PATH "/machine/i440fx/ioapic"

/* ExtINT, edge, not masked. */
#define EXTINT_ENTRY 0x00000700u

static const char *executable(const char *folder, size_t length,
                              const char *name)
{
    static char path[4096];

    snprintf(path, sizeof path, "%.*s/%s", (int)length, folder, name);
    return access(path, X_OK) ? NULL : path;
}

const char *qemu_find(void)
{
    const char *name = getenv("QEMU");
    const char *folder = getenv("PATH");

    if (name && strchr(name, '/'))
        return access(name, X_OK) ? NULL : name;
    while (folder && *folder) {
        size_t length = strcspn(folder, ":");
        const char *path =
            executable(folder, length, name ? name : "qemu-system-x86_64");

        if (path)
            return path;
        folder += length + (folder[length] == ':');
    }
    return NULL;
}

/* ---- streams ---- */

/* The next whole line without its end, if it is there already. */
static bool cut_line(struct qemu_stream *s, char *line)
{
    char *end = memchr(s->text, '\n', s->length);
    unsigned length;

    if (!end)
        return false;
    length = (unsigned)(end - s->text);
    snprintf(line, LINE_MAX_LENGTH, "%.*s", (int)length, s->text);
    s->length -= length + 1;
    memmove(s->text, end + 1, s->length);
    return true;
}

/* Whatever is there; false: nothing. */
static bool fill(struct qemu_stream *s)
{
    ssize_t got;

    if (s->length == sizeof s->text)
        s->length = 0; /* a line that is nobody's */
    got = read(s->fd, s->text + s->length, sizeof s->text - s->length);
    if (got > 0)
        s->length += (unsigned)got;
    return got > 0;
}

/* What it said on its standard error last, or nothing. */
static const char *last_words(struct qemu *q)
{
    static char words[LINE_MAX_LENGTH];
    char line[LINE_MAX_LENGTH];

    words[0] = '\0';
    do {
        while (cut_line(&q->trace, line))
            memcpy(words, line, sizeof words);
    } while (q->pid > 0 && fill(&q->trace));
    return words;
}

__attribute__((noreturn, format(printf, 2, 3))) static void
give_up(struct qemu *q, const char *format, ...)
{
    va_list args;

    printf("not ok - QEMU can be spoken to: ");
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    printf("; its last words: '%s'\n", last_words(q));
    qemu_stop(q);
    exit(1);
}

static void read_line(struct qemu *q, struct qemu_stream *s, char *line)
{
    struct pollfd ready = {.fd = s->fd, .events = POLLIN};

    while (!cut_line(s, line)) {
        if (poll(&ready, 1, PATIENCE_MS) <= 0)
            give_up(q, "no answer in %d s", PATIENCE_MS / 1000);
        if (!fill(s))
            give_up(q, "it ended");
    }
}

static void write_all(struct qemu *q, int fd, const char *text)
{
    size_t rest = strlen(text);

    while (rest) {
        ssize_t done = write(fd, text, rest);

        if (done < 0 && errno != EINTR)
            give_up(q, "it does not listen: %s", strerror(errno));
        if (done > 0) {
            text += done;
            rest -= (size_t)done;
        }
    }
}

/* ---- what it says ---- */

/* Lines of the trace that tell of a message: what stands before its address
 * and its data. */
static const struct {
    const char *line, *addr, *data;
} told[] = {
    {"'apic-msi'", " addr 0x", " value 0x"},
    {"vtd_ir_remap_msi ", "-> (addr 0x", "data 0x"},
    {"vtd_irq_generate ", " addr 0x", " data 0x"},
};

/* The hexadecimal number behind `what`, and where it stands; NULL: none. */
static const char *number_behind(const char *line, const char *what,
                                 uint64_t *number)
{
    const char *at = strstr(line, what);

    if (at)
        *number = strtoull(at + strlen(what), NULL, 16);
    return at;
}

static void note_trace(struct qemu *q, const char *line)
{
    struct answer *a = &q->answer;
    struct message m = {0};
    const char *at = NULL;
    uint64_t data = 0;

    if (strstr(line, "apic_deliver_irq") && a->messages)
        a->message[a->messages - 1].reached = true;
    for (unsigned i = 0; i < sizeof told / sizeof told[0] && !at; i++) {
        if (!strstr(line, told[i].line))
            continue;
        at = number_behind(line, told[i].addr, &m.addr);
        at = at ? number_behind(at, told[i].data, &data) : NULL;
    }
    if (!at)
        return;
    if (a->messages == MESSAGES_MAX)
        give_up(q, "more than %u messages at once", MESSAGES_MAX);
    m.data = (uint32_t)data;
    a->message[a->messages++] = m;
}

static void drain_trace(struct qemu *q)
{
    char line[LINE_MAX_LENGTH];

    do {
        while (cut_line(&q->trace, line))
            note_trace(q, line);
    } while (fill(&q->trace));
}

static uint64_t wait_for_ok(struct qemu *q, const char *request)
{
    char line[LINE_MAX_LENGTH];

    for (;;) {
        read_line(q, &q->answers, line);
        if (!strncmp(line, "IRQ ", 4))
            q->intr = !strncmp(line, "IRQ raise", 9);
        else if (!strncmp(line, "OK", 2))
            break;
        else
            give_up(q, "'%s' to '%s'", line, request);
    }
    drain_trace(q);
    return strtoull(line + 2, NULL, 16);
}

/* A request without its line end. */
__attribute__((format(printf, 2, 3))) static uint64_t
request(struct qemu *q, const char *format, ...)
{
    char text[256];
    va_list args;

    if (q->requests++ == q->requests_max)
        give_up(q, "more than %llu requests",
                (unsigned long long)q->requests_max);
    va_start(args, format);
    vsnprintf(text, sizeof text - 1, format, args);
    va_end(args);
    strcat(text, "\n");
    write_all(q, q->to, text);
    text[strlen(text) - 1] = '\0';
    return wait_for_ok(q, text);
}

/* ---- its life ---- */

/* QEMU's end of the pipes, by the child's descriptor. */
struct ends {
    int in, out, err, control;
};

static const struct qemu_machine pc = {
    {"-machine", "pc", "-trace", "memory_region_ops_write", NULL}};

#define ARGUMENTS_MAX 40u

__attribute__((noreturn)) static void become_qemu(const char *path,
                                                  const struct qemu_machine *m,
                                                  const struct ends *e)
{
    char chardev[64];
    const char *fixed[] = {path,
                           "-accel",
                           "tcg",
                           "-S",
                           "-nodefaults",
                           "-display",
                           "none",
                           "-qtest",
                           "stdio",
                           "-qtest-log",
                           "none",
                           "-chardev",
                           chardev,
                           "-mon",
                           "chardev=control,mode=control",
                           "-trace",
                           "apic_deliver_irq"};
    const unsigned count = sizeof fixed / sizeof fixed[0];
    char *arguments[ARGUMENTS_MAX] = {NULL};

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(e->in, 0);
    dup2(e->out, 1);
    dup2(e->err, 2);
    fcntl(e->control, F_SETFD, 0);
    snprintf(chardev, sizeof chardev, "socket,id=control,fd=%d", e->control);
    for (unsigned i = 0; i < count; i++)
        arguments[i] = strdup(fixed[i]);
    for (unsigned i = 0; m->argument[i]; i++)
        arguments[count + i] = strdup(m->argument[i]);
    execv(path, arguments);
    _exit(127);
}

static void spawn(struct qemu *q, const char *path,
                  const struct qemu_machine *machine)
{
    int in[2], out[2], err[2], control[2];

    signal(SIGPIPE, SIG_IGN);
    if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC) ||
        pipe2(err, O_CLOEXEC) ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control))
        give_up(q, "no pipes: %s", strerror(errno));
    fflush(stdout);
    q->pid = fork();
    if (q->pid < 0)
        give_up(q, "no process: %s", strerror(errno));
    if (q->pid == 0)
        become_qemu(path, machine ? machine : &pc,
                    &(struct ends){in[0], out[1], err[1], control[1]});
    close(in[0]);
    close(out[1]);
    close(err[1]);
    close(control[1]);
    q->to = in[1];
    q->answers.fd = out[0];
    q->trace.fd = err[0];
    q->control.fd = control[0];
    fcntl(q->trace.fd, F_SETFL, O_NONBLOCK);
}

/* The 8259As have no name of their own; the master was built first. */
static void note_pics(struct qemu *q, json_t *children)
{
    unsigned number[2] = {0}, found = 0;
    size_t i;
    json_t *child;

    json_array_foreach(children, i, child)
    {
        const char *name = json_string_value(json_object_get(child, "name"));
        const char *type = json_string_value(json_object_get(child, "type"));

        if (!name || !type || strcmp(type, "child<isa-i8259>") || found == 2)
            continue;
        if (sscanf(name, "device[%u]", &number[found]) == 1)
            found++;
    }
    if (found != 2)
        give_up(q, "it has no two 8259As");
    for (unsigned chip = 0; chip < 2; chip++) {
        bool first = number[chip] < number[!chip];

        snprintf(q->pic[first ? 0 : 1], sizeof q->pic[0],
                 "/machine/unattached/device[%u]", number[chip]);
    }
}

/* The answer to a command of the control channel is longer than a line. */
static json_t *read_reply(struct qemu *q)
{
    for (;;) {
        json_t *reply =
            json_loadfd(q->control.fd, JSON_DISABLE_EOF_CHECK, NULL);

        if (!reply)
            give_up(q, "its control channel is closed");
        if (json_object_get(reply, "return"))
            return reply;
        json_decref(reply); /* its greeting, or an event */
    }
}

static void find_pics(struct qemu *q)
{
    json_t *reply;

    write_all(q, q->control.fd, "{\"execute\":\"qmp_capabilities\"}\n");
    json_decref(read_reply(q));
    write_all(q, q->control.fd,
              "{\"execute\":\"qom-list\",\"arguments\":"
              "{\"path\":\"/machine/unattached\"}}\n");
    reply = read_reply(q);
    note_pics(q, json_object_get(reply, "return"));
    json_decref(reply);
}

void qemu_start(struct qemu *q, const char *path,
                const struct qemu_machine *machine, uint64_t requests_max)
{
    *q = (struct qemu){.pid = -1, .requests_max = requests_max};
    spawn(q, path, machine);
    find_pics(q);
}

void qemu_stop(struct qemu *q)
{
    if (q->pid <= 0)
        return;
    kill(q->pid, SIGKILL);
    waitpid(q->pid, NULL, 0);
    close(q->to);
    close(q->answers.fd);
    close(q->trace.fd);
    close(q->control.fd);
    q->pid = -1;
}

/* ---- operations ---- */

void qemu_watch_int(struct qemu *q)
{
    request(q, "irq_intercept_out %s", q->pic[0]);
}

static void write_entry(struct qemu *q, unsigned index, uint32_t value)
{
    request(q, "writel 0x%x 0x%x", IOAPIC_BASE, index);
    request(q, "writel 0x%x 0x%x", IOAPIC_BASE + 0x10, value);
}

void qemu_open_inta(struct qemu *q)
{
    write_entry(q, 0x11 + 2 * QEMU_INTA_PIN, 0);
    write_entry(q, 0x10 + 2 * QEMU_INTA_PIN, EXTINT_ENTRY);
}

static void set_pin(struct qemu *q, unsigned pin, bool high)
{
    request(q, "set_irq_in %s unnamed-gpio-in %u %d", IOAPIC_PATH, pin, high);
}

static uint32_t acknowledge(struct qemu *q)
{
    uint32_t vector;

    set_pin(q, QEMU_INTA_PIN, true);
    set_pin(q, QEMU_INTA_PIN, false);
    if (q->answer.messages != 1)
        give_up(q, "its INTA cycle gave no vector");
    vector = q->answer.message[0].data & 0xff;
    q->answer.messages = 0;
    return vector;
}

static char width(unsigned bytes)
{
    return bytes == 1 ? 'b' : bytes == 2 ? 'w' : bytes == 4 ? 'l' : 'q';
}

static uint32_t operate(struct qemu *q, const struct op *op)
{
    uint32_t address = IOAPIC_BASE + op->at;

    switch (op->kind) {
    case OP_IN:
        return (uint32_t)request(q, "inb 0x%x", op->at);
    case OP_OUT:
        request(q, "outb 0x%x 0x%x", op->at, op->value);
        return 0;
    case OP_LINE:
        request(q, "set_irq_in %s unnamed-gpio-in %u %u", q->pic[op->at / 8],
                op->at % 8u, op->value);
        return 0;
    case OP_INTA:
        return acknowledge(q);
    case OP_READ:
        return (uint32_t)request(q, "read%c 0x%x", width(op->bytes), address);
    case OP_WRITE:
        request(q, "write%c 0x%x 0x%x", width(op->bytes), address, op->value);
        return 0;
    default:
        set_pin(q, op->at, op->value);
        return 0;
    }
}

void qemu_do(struct qemu *q, const struct op *op, struct answer *a)
{
    q->answer.messages = 0;
    q->answer.value = operate(q, op);
    q->answer.intr = q->intr;
    *a = q->answer;
}

uint64_t qemu_read(struct qemu *q, uint64_t addr, unsigned bytes)
{
    return request(q, "read%c 0x%jx", width(bytes), (uintmax_t)addr);
}

void qemu_write(struct qemu *q, uint64_t addr, unsigned bytes, uint64_t value)
{
    request(q, "write%c 0x%jx 0x%jx", width(bytes), (uintmax_t)addr,
            (uintmax_t)value);
}

void qemu_out(struct qemu *q, uint16_t port, unsigned bytes, uint32_t value)
{
    request(q, "out%c 0x%x 0x%x", width(bytes), port, value);
}
