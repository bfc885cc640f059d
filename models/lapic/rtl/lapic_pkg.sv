// Types and arithmetic that the modules of the local APIC share.
// Register offsets, masks and resets: lapic_regs_pkg, made from the table.
package lapic_pkg;

  // Delivery modes as ICR, LVT and messages encode them.
  typedef enum logic [2:0] {
    ModeFixed   = 3'd0,
    ModeLowest  = 3'd1,
    ModeSmi     = 3'd2,
    ModeNmi     = 3'd4,
    ModeInit    = 3'd5,
    ModeSipi    = 3'd6,
    ModeExtint  = 3'd7
  } mode_e;

  // What became of an interrupt that reached the APIC.
  typedef enum logic [2:0] {
    FateNone,
    FateAccepted,
    FateMerged,
    FateApicDisabled,     // refused, as the next two
    FateIllegalVector,
    FateUnsupportedMode,
    FateForwarded         // to the core
  } fate_e;

  // Register accesses.
  typedef enum logic [2:0] {
    AccessLoad,           // of the xAPIC page
    AccessStore,
    AccessRdmsr,
    AccessWrmsr,
    AccessSetCr8
  } access_e;

  // Where an interrupt comes from, in the order within a cycle: 0 timer, 1 message, 2 LINT0,
  // 3 LINT1, 4 CMCI, 5 thermal monitor, 6 performance counter; 7 the register access (an error, or
  // LINT0 sampled again), 8 a TSC deadline that is in the past when it is written.
  localparam int unsigned SourceMessage = 1;
  localparam int unsigned SourceLint0   = 2;
  localparam int unsigned SourceLint1   = 3;
  localparam int unsigned SourcePerfmon = 6;
  localparam int unsigned EarlySources  = 7;  // those before the register access
  localparam int unsigned Sources       = 9;

  typedef struct packed {
    logic [31:0] id;
    logic        bsp;
    logic [5:0]  maxphyaddr;
    logic        x2apic;
    logic        tsc_deadline;
    logic        cmci;
    logic        eoi_suppression;
    logic        id_writable;
  } straps_t;

  typedef struct packed {
    logic [255:0] irr;
    logic [255:0] isr;
    logic [255:0] tmr;
    logic [39:0]  base_page;
    logic         base_en;
    logic         base_extd;
    logic         base_bsp;
    logic [31:0]  id;
    logic [31:0]  tpr;
    logic [31:0]  svr;
    logic [31:0]  ldr;
    logic [31:0]  dfr;
    logic [31:0]  icr_low;
    logic [31:0]  icr_high;
    logic [31:0]  lvt_cmci;
    logic [31:0]  lvt_timer;
    logic [31:0]  lvt_thermal;
    logic [31:0]  lvt_perfmon;
    logic [31:0]  lvt_lint0;
    logic [31:0]  lvt_lint1;
    logic [31:0]  lvt_error;
    logic [7:0]   esr;
    logic [7:0]   errors;        // since the last write of ESR
    logic         error_armed;
    logic [31:0]  tmict;
    logic [31:0]  dcr;
    logic         counting;
    logic [38:0]  clocks_left;   // as of this tick of the timer's clock, or the next
    logic [63:0]  tsc_deadline;
    logic [7:0]   lint0_vector;  // meant by remote IRR of LVT LINT0
    logic         extint_latched;
    logic [1:0]   lint;          // electrical level of the pins
  } state_t;

  // A message on its way to the bus.
  typedef struct packed {
    logic        eoi;            // an EOI broadcast of irq_vector; the rest is 0
    logic [31:0] dest;
    logic [31:0] sender;
    logic [7:0]  irq_vector;
    logic [2:0]  mode;
    logic [1:0]  shorthand;
    logic        logical;
    logic        dest8;
  } message_t;

  // INTR: its level, whether it waits to rise, and the tick at which it does.
  typedef struct packed {
    logic        high;
    logic        waiting;
    logic [15:0] due;
  } line_t;

  localparam logic [7:0] EsrSendIllegal    = 8'h20;
  localparam logic [7:0] EsrReceiveIllegal = 8'h40;
  localparam logic [7:0] EsrIllegalAddress = 8'h80;

  localparam int unsigned SvrEnable      = 8;
  localparam int unsigned SvrSuppressEoi = 12;
  localparam int unsigned LvtActiveLow   = 13;
  localparam int unsigned LvtRemoteIrr   = 14;
  localparam int unsigned LvtLevel       = 15;
  localparam int unsigned LvtMasked      = 16;

  localparam logic [1:0] TimerPeriodic    = 2'd1;
  localparam logic [1:0] TimerTscDeadline = 2'd2;
  localparam logic [1:0] TimerReserved    = 2'd3;

  localparam logic [31:0] MsrApicBase    = 32'h01b;
  localparam logic [31:0] MsrTscDeadline = 32'h6e0;

  // The class of the highest vector, 0 if there is none.
  function automatic logic [3:0] top_class(input logic [255:0] set);
    top_class = 4'd0;
    for (int unsigned i = 1; i < 16; i++) begin
      if (|set[16*i +: 16]) top_class = 4'(i);
    end
  endfunction

  // The highest vector, 0 if there is none: vectors below 16 are never set.
  function automatic logic [7:0] top_vector(input logic [255:0] set);
    logic [15:0] members;
    top_vector[7:4] = top_class(set);
    top_vector[3:0] = 4'd0;
    members = set[{top_vector[7:4], 4'd0} +: 16];
    for (int unsigned i = 1; i < 16; i++) begin
      if (members[i]) top_vector[3:0] = 4'(i);
    end
  endfunction

  // An interrupt is eligible: the level that INTR goes to.
  function automatic logic eligible(input logic [255:0] irr, input logic [255:0] isr,
                                    input logic [3:0] tpr_class, input logic enabled);
    logic [3:0] irr_class;
    irr_class = top_class(irr);
    eligible = enabled && irr_class > tpr_class && irr_class > top_class(isr);
  endfunction

  // INTR falls at once and rises at `due`.
  function automatic logic [17:0] drive(input logic [17:0] line, input logic high,
                                        input logic [15:0] due);
    drive = line;
    if (!high) drive = 18'd0;
    else if (line[17:16] == 2'b00) drive = {2'b01, due};
  endfunction

  // The line's delay is over at this tick.
  function automatic logic [17:0] rise(input logic [17:0] line, input logic tick,
                                       input logic [15:0] now);
    rise = line;
    if (tick && line[16] && line[15:0] == now) rise = {2'b10, 16'd0};
  endfunction

  // The code of the Divide Configuration Register is log2 of the divide value, less 1 modulo 8.
  function automatic logic [38:0] clocks_of(input logic [31:0] count, input logic [2:0] code);
    logic [2:0] shift;
    shift = code + 3'd1;
    clocks_of = {7'd0, count} << shift;
  endfunction

  // Counts that are left, rounded up.
  function automatic logic [31:0] count_of(input logic [38:0] clocks, input logic [2:0] code);
    logic [2:0] shift;
    shift = code + 3'd1;
    count_of = 32'((clocks + ((39'd1 << shift) - 39'd1)) >> shift);
  endfunction

endpackage
