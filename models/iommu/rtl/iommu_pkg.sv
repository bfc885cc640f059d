// Types that the modules of the remapping unit share.
// Register offsets, masks and resets: iommu_regs_pkg, made from the table.
package iommu_pkg;
  localparam int unsigned FaultsMax = 16;

  // The request in the unit.
  typedef enum logic [1:0] {
    RequestIdle,
    RequestReadsEntry,
    RequestLocksDescriptor
  } request_state_e;

  // The descriptor that the queue is at.
  typedef enum logic [1:0] {
    QueueIdle,
    QueueFetches,
    QueueDrains,           // an invalidation waits for the request in the unit
    QueueWritesStatus
  } queue_state_e;

  // What a port wants of memory.
  typedef enum logic [1:0] {
    AccessNone,
    AccessRead,            // 16 bytes
    AccessWrite,           // 4 bytes
    AccessLock             // 64 bytes: the line is the unit's until it is written back
  } access_e;

  typedef enum logic [2:0] {
    OutcomeNothing,        // no request ended in this cycle
    OutcomePassed,         // in compatibility format, as it came
    OutcomeRemapped,
    OutcomePosted,
    OutcomeBlocked,
    OutcomeNotRequest      // not one doubleword: no interrupt
  } outcome_e;

  typedef enum logic [1:0] {
    LookupNone,
    LookupHit,
    LookupMiss
  } lookup_e;

  // Reasons, by their code: iommu_faults.def.
  typedef enum logic [7:0] {
    FaultNone              = 8'h00,
    FaultRequestReserved   = 8'h20,
    FaultIndexBeyondTable  = 8'h21,
    FaultEntryNotPresent   = 8'h22,
    FaultEntryReadError    = 8'h23,
    FaultEntryInvalid      = 8'h24,
    FaultFormatBlocked     = 8'h25,
    FaultSourceRefused     = 8'h26,
    FaultDescriptorError   = 8'h27,
    FaultDescriptorInvalid = 8'h28
  } fault_e;

  // What software should not do, in the order of iommu_warnings.def.
  typedef enum logic [3:0] {
    WarningNone,
    WarningWidth,
    WarningHole,
    WarningReadOnly,
    WarningWriteOnly,
    WarningSeveralCommands,
    WarningNoTable,
    WarningQueueInUse
  } warning_e;

  // IQERCD bits 3:0
  localparam logic [3:0] ErrorInvalidTail = 4'd1;
  localparam logic [3:0] ErrorFetch       = 4'd2;
  localparam logic [3:0] ErrorType        = 4'd3;
  localparam logic [3:0] ErrorReserved    = 4'd4;

  // Types of descriptors.
  localparam logic [3:0] TypeContext   = 4'd1;
  localparam logic [3:0] TypeIotlb     = 4'd2;
  localparam logic [3:0] TypeDeviceTlb = 4'd3;
  localparam logic [3:0] TypeIec       = 4'd4;
  localparam logic [3:0] TypeWait      = 4'd5;

  // Delivery modes as entries and messages encode them.
  localparam logic [2:0] ModeFixed     = 3'd0;
  localparam logic [2:0] ModeReserved3 = 3'd3;
  localparam logic [2:0] ModeReserved6 = 3'd6;

  // Bits of GCMD and GSTS.
  localparam int unsigned Srtp  = 30;
  localparam int unsigned Qie   = 26;
  localparam int unsigned Ire   = 25;
  localparam int unsigned Sirtp = 24;
  localparam int unsigned Cfi   = 23;
  localparam logic [31:0] LevelCommands = 32'h8680_0000;
  localparam logic [31:0] OneShots      = 32'h4900_0000;

  // Bits of IRTA, here and as SIRTP has latched it.
  localparam int unsigned Eime = 11;

  // What CAP and ECAP say.
  typedef struct packed {
    logic [4:0] faults;    // fault records
    logic [3:0] mhmv;
    logic       posting;
    logic       extended;
    logic       coherent;
    logic       caching;
    logic       esirtps;
  } capabilities_t;

  // An event and its message.
  typedef struct packed {
    logic        masked;
    logic        pending;
    logic [8:0]  msg_data;
    logic [31:0] msg_addr;
    logic [31:0] msg_upper;
  } event_t;

  // Edge or level, always assert.
  typedef struct packed {
    logic [31:0] dest;
    logic [7:0]  irq_vector;
    logic [2:0]  mode;
    logic        logical;
    logic        hint;
    logic        level;
    logic        dest8;
  } message_t;

  // What became of the request in the unit.
  typedef struct packed {
    logic [2:0]  outcome;      // outcome_e
    logic [1:0]  lookup;       // lookup_e
    logic [7:0]  fault;        // fault_e
    logic        suppressed;   // ... by FPD
    logic        notify;       // of a posted one: there is a message
    logic [7:0]  posted_vector;
    logic [63:0] descriptor;
    message_t    message;
  } result_t;

  // All but the cache and the requests that wait.
  typedef struct packed {
    logic [31:0]  gsts;
    logic         pfo;
    logic         iqe;
    logic [7:0]   fri;
    event_t       faulted;     // the fault event
    event_t       completed;   // the invalidation event
    logic [18:0]  iqh;
    logic [18:0]  iqt;
    logic [63:0]  iqa;
    logic         iwc;
    logic [3:0]   iqercd;
    logic [63:0]  irta;
    logic [63:0]  latched;     // IRTA, by SIRTP
    logic         commanded;   // `command` waits for the request in the unit
    logic [31:0]  command;     // GCMD as written last
    logic [FaultsMax-1:0]    record_f;
    logic [8*FaultsMax-1:0]  record_reason;
    logic [16*FaultsMax-1:0] record_index;
    logic [16*FaultsMax-1:0] record_sid;
    logic [3:0]   next_record;
    logic [1:0]   request_state; // request_state_e
    logic [15:0]  sid;
    logic [16:0]  index;       // its interrupt_index
    logic [127:0] entry;       // its table entry
    logic [1:0]   queue_state; // queue_state_e
    logic         queue_runs;  // from a write of IQT until empty or in error
    logic         queue_waited; // the last descriptor was a wait
    logic [127:0] descriptor;  // that the queue is at
  } state_t;

endpackage
