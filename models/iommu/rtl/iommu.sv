// A VT-d remapping unit, interrupt side: RTL twin of models/iommu/iommu.c with its node.
//
// The contract of a cycle.  What is presented before a rising edge of clk_i happens at that edge,
// and every output shows it from the edge on (results, messages and answers to reads for one
// cycle; accesses to memory until they are answered).  Within one cycle the order is:
//   1. the oldest request has its turn (take_i), or memory answers to the request in the unit;
//      if that ends it, the command that waited for this is carried out
//   2. memory answers to the queue, or the invalidation that waited for the request is done
//   3. register access, which sees all this
//   4. a request arrives; it has its turn request_to_message_i ticks of the clock (apic_tick_i)
//      after the unit is free for it, 0 counting as 1
// A descriptor that was locked is written back (unlock_o) at the edge at which it was read, before
// anybody sees the messages of that edge.  Messages of one edge leave in this order: that of the
// request, the fault event's, the invalidation event's.
//
// In silicon clk_i is the clock of the ticks: apic_tick_i = 1, step_i = 1, take_i = 1, and the
// delay is a constant.  A simulation clocks the twin whenever something happens: apic_tick_i says
// whether the instant is an edge of that clock, step_i = 0 that it is still the instant of the
// cycle before, take_i = 0 that a turn that has come is not taken yet.
module iommu #(
  parameter int unsigned Entries = 8,   // of the interrupt-entry cache, at most
  parameter int unsigned Ways = 4,      // of a set of it, at most
  parameter int unsigned Shown = 8,     // entries that the cache shows
  parameter int unsigned Depth = 256    // requests that can wait
) (
  input  logic         clk_i,
  input  logic         rst_ni,          // synchronous: power-up

  // straps
  input  logic [4:0]   faults_i,        // fault records
  input  logic [3:0]   mhmv_i,
  input  logic         posting_i,
  input  logic         extended_i,
  input  logic         coherent_i,
  input  logic         caching_i,
  input  logic         esirtps_i,
  input  logic         compress_i,
  input  logic [15:0]  set_mask_i,      // sets in use, a power of two, less one
  input  logic [6:0]   ways_i,          // in use; 0: there is no cache
  input  logic [15:0]  request_to_message_i,

  // time
  input  logic         step_i,
  input  logic         apic_tick_i,
  input  logic         take_i,

  // a write of a device to FEEx_xxxxh
  input  logic         req_valid_i,
  input  logic [63:0]  req_addr_i,
  input  logic [31:0]  req_data_i,
  input  logic         req_doubleword_i,
  input  logic [15:0]  req_sid_i,
  output logic         req_refused_o,   // there is no room

  // memory, for the request in the unit
  output logic [1:0]   mem_kind_o,      // iommu_pkg::access_e
  output logic [63:0]  mem_addr_o,
  input  logic         mem_answered_i,
  input  logic         mem_failed_i,
  input  logic [511:0] mem_rdata_i,
  output logic         unlock_o,
  output logic [63:0]  unlock_addr_o,
  output logic [511:0] unlock_line_o,

  // memory, for the invalidation queue
  output logic [1:0]   queue_kind_o,    // iommu_pkg::access_e
  output logic [63:0]  queue_addr_o,
  output logic [31:0]  queue_wdata_o,
  input  logic         queue_answered_i,
  input  logic         queue_failed_i,
  input  logic [127:0] queue_rdata_i,

  // register access
  input  logic         acc_valid_i,
  input  logic         acc_write_i,
  input  logic [11:0]  acc_offset_i,
  input  logic [3:0]   acc_bytes_i,     // 1, 2, 4 or 8
  input  logic [63:0]  acc_wdata_i,
  output logic [63:0]  acc_rdata_o,
  output logic [3:0]   acc_warning_o,   // iommu_pkg::warning_e
  output logic [3:0]   late_warning_o,  // of a command that waited

  // what became of the request in the unit
  output logic [2:0]   outcome_o,       // iommu_pkg::outcome_e
  output logic [1:0]   lookup_o,        // iommu_pkg::lookup_e
  output logic [7:0]   fault_o,         // iommu_pkg::fault_e
  output logic         recorded_o,
  output logic [63:0]  passed_addr_o,   // of one in compatibility format
  output logic [31:0]  passed_data_o,
  output logic [15:0]  passed_sid_o,
  output logic [63:0]  descriptor_o,    // of a posted one, with the bit of its PIR
  output logic [7:0]   posted_vector_o,
  output logic         notify_o,        // of a posted one: there is a message
  output iommu_pkg::message_t message_o,

  // the messages of the unit's own events
  output logic         fault_event_o,
  output iommu_pkg::message_t fault_message_o,
  output logic         completion_event_o,
  output iommu_pkg::message_t completion_message_o,

  // debug: reading disturbs nothing
  output logic [64*32-1:0] regs_o,
  output logic [128*iommu_pkg::FaultsMax-1:0] records_o,
  output logic [63:0]  latched_o,       // the table, as SIRTP has latched it
  output logic         commanded_o,     // a command waits for the request in the unit
  output logic [31:0]  command_o,       // GCMD as written last
  output logic [1:0]   request_state_o, // iommu_pkg::request_state_e
  output logic [1:0]   queue_state_o,   // iommu_pkg::queue_state_e
  output logic         queue_runs_o,
  output logic         queue_waited_o,
  output logic [15:0]  waiting_o,       // requests that wait
  output logic         turn_o,          // the oldest waits for its turn
  output logic         turn_come_o,     // ... which has come, but take_i was 0
  output logic [Shown-1:0]    cached_o,
  output logic [16*Shown-1:0] cached_index_o,
  output logic [8*Shown-1:0]  cached_next_o    // of sets
);
  iommu_pkg::capabilities_t caps;
  iommu_pkg::state_t  state_q;
  iommu_pkg::state_t  state_d;

  assign caps.faults = faults_i;
  assign caps.mhmv = mhmv_i;
  assign caps.posting = posting_i;
  assign caps.extended = extended_i;
  assign caps.coherent = coherent_i;
  assign caps.caching = caching_i;
  assign caps.esirtps = esirtps_i;

  // ---- requests that wait ----------------------------------------------------------------------

  logic        takes;
  logic        waits;
  logic        refused;
  logic [63:0] addr;
  logic [31:0] data;
  logic        doubleword;
  logic [15:0] sid;

  iommu_fifo #(.Depth(Depth), .Width(113)) u_fifo (
    .clk_i, .rst_ni,
    .push_i    (req_valid_i),
    .data_i    ({req_addr_i, req_data_i, req_doubleword_i, req_sid_i}),
    .pop_i     (takes),
    .oldest_o  ({addr, data, doubleword, sid}),
    .refused_o (refused),
    .waits_o   (waits),
    .count_o   (waiting_o)
  );

  iommu_turn u_turn (
    .clk_i, .rst_ni, .request_to_message_i, .step_i, .tick_i(apic_tick_i), .take_i,
    .waits_i(waits && state_d.request_state == iommu_pkg::RequestIdle), .takes_o(takes),
    .waiting_o(turn_o), .come_o(turn_come_o)
  );

  // ---- 1: the request --------------------------------------------------------------------------

  logic [15:0]  lookup_index;
  logic         hit;
  logic [127:0] cached;
  logic         fill;
  logic [127:0] fill_entry;
  logic         unlock;
  logic [511:0] line;
  logic [63:0]  descriptor;
  logic         ended;
  logic         recorded;
  logic         record_event;
  logic         command_invalidates;
  logic [3:0]   late_warning;
  iommu_pkg::result_t result;
  iommu_pkg::state_t  requested;
  iommu_pkg::state_t  blocked;
  iommu_pkg::state_t  commanded;

  iommu_request u_request (
    .posting_i, .caching_i, .state_i(state_q),
    .take_i(takes), .addr_i(addr), .data_i(data), .doubleword_i(doubleword), .sid_i(sid),
    .index_o(lookup_index), .hit_i(hit), .cached_i(cached),
    .fill_o(fill), .fill_entry_o(fill_entry),
    .answered_i(mem_answered_i), .failed_i(mem_failed_i), .rdata_i(mem_rdata_i),
    .unlock_o(unlock), .line_o(line), .descriptor_o(descriptor),
    .state_o(requested), .result_o(result)
  );

  iommu_record u_record (
    .faults_i, .compress_i, .state_i(requested),
    .valid_i(result.fault != iommu_pkg::FaultNone && !result.suppressed),
    .reason_i(result.fault), .state_o(blocked), .recorded_o(recorded), .event_o(record_event)
  );

  assign ended = result.outcome != iommu_pkg::OutcomeNothing;

  iommu_command u_late_command (
    .esirtps_i, .state_i(blocked), .run_i(ended && blocked.commanded), .state_o(commanded),
    .invalidate_o(command_invalidates), .warning_o(late_warning)
  );

  // ---- 2: the queue ----------------------------------------------------------------------------

  logic        queue_invalidates_all;
  logic        queue_invalidates;
  logic [15:0] invalid_first;
  logic [4:0]  invalid_mask;
  logic        queue_event;
  logic        queue_completes;
  iommu_pkg::state_t queued;

  iommu_queue u_queue (
    .mhmv_i, .state_i(commanded), .run_i(ended),
    .answered_i(queue_answered_i), .failed_i(queue_failed_i), .rdata_i(queue_rdata_i),
    .state_o(queued), .invalidate_all_o(queue_invalidates_all), .invalidate_o(queue_invalidates),
    .first_o(invalid_first), .mask_o(invalid_mask), .fault_event_o(queue_event),
    .completion_event_o(queue_completes)
  );

  // ---- 3: software -----------------------------------------------------------------------------

  logic [63:0] rdata;
  logic        write_low;
  logic        write_high;
  logic [3:0]  access_warning;
  logic [3:0]  low_warning;
  logic [3:0]  high_warning;
  logic [3:0]  warning;
  logic        low_invalidates;
  logic        high_invalidates;
  logic        low_event;
  logic        high_event;
  logic        low_completes;
  logic        high_completes;
  logic        beyond;
  logic        tail_event;
  iommu_pkg::state_t low_written;
  iommu_pkg::state_t high_written;
  iommu_pkg::state_t fetching;

  iommu_access u_access (
    .caps_i(caps), .state_i(queued), .valid_i(acc_valid_i), .write_i(acc_write_i),
    .offset_i(acc_offset_i), .bytes_i(acc_bytes_i), .rdata_o(rdata), .write_low_o(write_low),
    .write_high_o(write_high), .warning_o(access_warning)
  );

  iommu_write u_low (
    .extended_i, .esirtps_i, .state_i(queued), .valid_i(write_low), .offset_i(acc_offset_i),
    .wdata_i(acc_wdata_i[31:0]), .state_o(low_written), .invalidate_o(low_invalidates),
    .fault_event_o(low_event), .completion_event_o(low_completes), .warning_o(low_warning)
  );

  iommu_write u_high (
    .extended_i, .esirtps_i, .state_i(low_written), .valid_i(write_high),
    .offset_i(acc_offset_i + 12'd4), .wdata_i(acc_wdata_i[63:32]), .state_o(high_written),
    .invalidate_o(high_invalidates), .fault_event_o(high_event),
    .completion_event_o(high_completes), .warning_o(high_warning)
  );

  iommu_fetch u_fetch (
    .state_i(high_written), .run_i(write_low || write_high), .state_o(fetching),
    .beyond_o(beyond)
  );

  iommu_error u_error (
    .state_i(fetching), .valid_i(beyond), .state_o(state_d), .event_o(tail_event)
  );

  always_comb begin
    warning = access_warning;
    if (low_warning != iommu_pkg::WarningNone) warning = low_warning;
    if (high_warning != iommu_pkg::WarningNone) warning = high_warning;
  end

  // ---- the cache -------------------------------------------------------------------------------

  iommu_cache #(.Entries(Entries), .Ways(Ways), .Shown(Shown)) u_cache (
    .clk_i, .rst_ni, .set_mask_i, .ways_i,
    .index_i(lookup_index), .hit_o(hit), .entry_o(cached),
    .fill_i(fill), .fill_index_i(state_q.index[15:0]), .fill_entry_i(fill_entry),
    .invalidate_all_i(command_invalidates || queue_invalidates_all || low_invalidates
                      || high_invalidates),
    .invalidate_i(queue_invalidates), .first_i(invalid_first), .mask_i(invalid_mask),
    .valid_o(cached_o), .tag_o(cached_index_o), .next_o(cached_next_o)
  );

  // ---- state -----------------------------------------------------------------------------------

  always_ff @(posedge clk_i) begin
    state_q <= state_d;
    if (!rst_ni) begin
      state_q <= '0;
      state_q.faulted.masked <= iommu_regs_pkg::FECTL_RESET[31];
      state_q.completed.masked <= iommu_regs_pkg::IECTL_RESET[31];
      state_q.queue_waited <= 1'b1;
    end
  end

  assign latched_o = state_q.latched;
  assign commanded_o = state_q.commanded;
  assign command_o = state_q.command;
  assign request_state_o = state_q.request_state;
  assign queue_state_o = state_q.queue_state;
  assign queue_runs_o = state_q.queue_runs;
  assign queue_waited_o = state_q.queue_waited;

  iommu_view u_view (.caps_i(caps), .state_i(state_q), .regs_o, .records_o);

  // ---- what it wants of memory -----------------------------------------------------------------

  always_comb begin
    mem_kind_o = iommu_pkg::AccessNone;
    mem_addr_o = 64'd0;
    if (state_q.request_state == iommu_pkg::RequestReadsEntry) begin
      mem_kind_o = iommu_pkg::AccessRead;
      mem_addr_o = {state_q.latched[63:12], 12'd0} + {43'd0, state_q.index, 4'd0};
    end else if (state_q.request_state == iommu_pkg::RequestLocksDescriptor) begin
      mem_kind_o = iommu_pkg::AccessLock;
      mem_addr_o = descriptor;
    end
  end

  always_comb begin
    queue_kind_o = iommu_pkg::AccessNone;
    queue_addr_o = 64'd0;
    queue_wdata_o = 32'd0;
    if (state_q.queue_state == iommu_pkg::QueueFetches) begin
      queue_kind_o = iommu_pkg::AccessRead;
      queue_addr_o = {state_q.iqa[63:12], 12'd0} + {45'd0, state_q.iqh};
    end else if (state_q.queue_state == iommu_pkg::QueueWritesStatus) begin
      queue_kind_o = iommu_pkg::AccessWrite;
      queue_addr_o = state_q.descriptor[127:64];
      queue_wdata_o = state_q.descriptor[63:32];
    end
  end

  // ---- what leaves -----------------------------------------------------------------------------

  logic early_event;      // one before the register access, as the next
  logic fault_event;
  logic completion_event;
  iommu_pkg::event_t   faulted;
  iommu_pkg::event_t   completed;
  iommu_pkg::message_t fault_message;
  iommu_pkg::message_t completion_message;

  assign early_event = record_event || queue_event;
  assign fault_event = early_event || low_event || high_event || tail_event;
  assign completion_event = queue_completes || low_completes || high_completes;
  assign faulted = early_event ? queued.faulted : state_d.faulted;
  assign completed = queue_completes ? queued.completed : state_d.completed;

  iommu_event u_fault_message (
    .event_i(faulted),
    .extended_i(early_event ? queued.latched[iommu_pkg::Eime] : state_d.latched[iommu_pkg::Eime]),
    .message_o(fault_message)
  );

  iommu_event u_completion_message (
    .event_i(completed),
    .extended_i(queue_completes ? queued.latched[iommu_pkg::Eime]
                                : state_d.latched[iommu_pkg::Eime]),
    .message_o(completion_message)
  );

  // in reset nothing is presented, and no request has its turn
  always_ff @(posedge clk_i) begin
    outcome_o <= result.outcome;
    lookup_o <= result.lookup;
    fault_o <= result.fault;
    recorded_o <= recorded;
    descriptor_o <= result.descriptor;
    posted_vector_o <= result.posted_vector;
    notify_o <= result.notify;
    message_o <= result.message;
    late_warning_o <= late_warning;
    req_refused_o <= refused;
    unlock_o <= unlock;
    unlock_addr_o <= descriptor;
    unlock_line_o <= line;
    acc_rdata_o <= rdata;
    acc_warning_o <= warning;
    passed_addr_o <= addr;
    passed_data_o <= data;
    passed_sid_o <= sid;
    fault_event_o <= fault_event;
    fault_message_o <= fault_message;
    completion_event_o <= completion_event;
    completion_message_o <= completion_message;
  end
endmodule
