// Types that the modules of the 8259As share.
// Ports, masks and fields: pic_regs_pkg, made from the table.
package pic_pkg;

  // Which word the next write to the data port is.
  typedef enum logic [1:0] {
    InitIdle,                // OCW1
    InitWantIcw2,
    InitWantIcw3,
    InitWantIcw4
  } init_e;

  localparam int unsigned Cascade = 2;        // the slave's level of the master
  localparam logic [7:0]  Floating = 8'hff;   // what nobody drives

  // The steps of a cycle, as they stand in the outputs for a ledger.
  // 0 lines, 1 register access, 2 INTA.
  localparam int unsigned StepAccess = 1;
  localparam int unsigned StepInta   = 2;
  localparam int unsigned Steps      = 3;

  // The state as debug words: three for each chip, the IMCR.
  localparam int unsigned ChipWords  = 3;
  localparam int unsigned StateWords = 2 * ChipWords + 1;

  // What software should not do, in the order of pic_warnings.def.  That an access is one byte
  // (WarnWidth) is seen to before it gets here.
  typedef enum logic [3:0] {
    WarnWidth,
    WarnHole,
    WarnNot8086,
    WarnIcw4Reserved,
    WarnSfnmInSlave,
    WarnLtim,
    WarnOcwInInit,
    WarnOcw3Reserved,
    WarnElcrFixed,
    WarnNoSlave
  } warning_e;
  localparam int unsigned Warnings = 10;

  // One 8259A.
  typedef struct packed {
    logic [7:0] line;
    logic [7:0] edges;       // the edge latches
    logic [7:0] isr;
    logic [7:0] imr;
    logic [7:0] elcr;
    logic [7:0] base;
    logic [7:0] icw3;        // master: levels with a slave; slave: its identity
    logic [2:0] lowest;
    logic [1:0] init;        // init_e
    logic       ic4;
    logic       sngl;
    logic       aeoi;
    logic       sfnm;
    logic       rot_aeoi;
    logic       smm;
    logic       read_isr;
    logic       poll;
    logic       int_held;    // slave: INT is up until the acknowledge
  } state_t;

  // INT: its level, whether it waits to rise, and the tick at which it does.
  typedef struct packed {
    logic        high;
    logic        waiting;
    logic [15:0] due;
  } line_t;

  // INT falls at once and rises at `due`.  `dipped`: it was low for a moment.
  function automatic logic [17:0] drive(input logic [17:0] line, input logic dipped,
                                        input logic high, input logic [15:0] due);
    drive = dipped ? 18'd0 : line;
    if (!high) drive = 18'd0;
    else if (drive[17:16] == 2'b00) drive = {2'b01, due};
  endfunction

  // The delay is over at this tick.
  function automatic logic [17:0] rise(input logic [17:0] line, input logic tick,
                                       input logic [15:0] now);
    rise = line;
    if (tick && line[16] && line[15:0] == now) rise = {2'b10, 16'd0};
  endfunction

endpackage
