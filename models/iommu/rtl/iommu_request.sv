// The request in the unit: taken, answered by memory, ended.  Purely combinational.
//
// What ended it comes out as a result; the fault record is iommu_record's.
module iommu_request (
  input  logic         posting_i,
  input  logic         caching_i,
  input  iommu_pkg::state_t  state_i,

  // the oldest request that waits has its turn
  input  logic         take_i,
  input  logic [63:0]  addr_i,
  input  logic [31:0]  data_i,
  input  logic         doubleword_i,
  input  logic [15:0]  sid_i,

  // interrupt-entry cache
  output logic [15:0]  index_o,
  input  logic         hit_i,
  input  logic [127:0] cached_i,
  output logic         fill_o,
  output logic [127:0] fill_entry_o,

  // memory
  input  logic         answered_i,
  input  logic         failed_i,
  input  logic [511:0] rdata_i,
  output logic         unlock_o,
  output logic [511:0] line_o,
  output logic [63:0]  descriptor_o,    // of the entry of the request in the unit

  output iommu_pkg::state_t  state_o,
  output iommu_pkg::result_t result_o
);
  logic        extended;
  logic        reads_entry;
  logic        locks;

  assign extended = state_i.latched[iommu_pkg::Eime];
  assign reads_entry = answered_i && state_i.request_state == iommu_pkg::RequestReadsEntry;
  assign locks = answered_i && state_i.request_state == iommu_pkg::RequestLocksDescriptor;

  // ---- what it asks ----------------------------------------------------------------------------

  logic        not_request;
  logic        passes;
  logic        looks_up;
  logic [7:0]  request_fault;
  logic [16:0] index;

  iommu_decode u_decode (
    .addr_i, .data_i, .doubleword_i,
    .enabled_i     (state_i.gsts[iommu_pkg::Ire]),
    .compat_i      (state_i.gsts[iommu_pkg::Cfi]),
    .extended_i    (extended),
    .size_i        (state_i.latched[3:0]),
    .not_request_o (not_request),
    .passes_o      (passes),
    .looks_up_o    (looks_up),
    .fault_o       (request_fault),
    .index_o       (index)
  );

  assign index_o = index[15:0];

  // ---- its entry -------------------------------------------------------------------------------

  logic         has_entry;
  logic [127:0] entry;
  logic [7:0]   entry_fault;
  logic         entry_posted;
  iommu_pkg::message_t entry_message;

  assign has_entry = (take_i && looks_up && hit_i) || (reads_entry && !failed_i);
  assign entry = take_i ? cached_i : rdata_i[127:0];

  iommu_entry u_entry (
    .entry_i      (entry),
    .sid_i        (take_i ? sid_i : state_i.sid),
    .posting_i,
    .extended_i   (extended),
    .fault_o      (entry_fault),
    .posted_o     (entry_posted),
    .message_o    (entry_message)
  );

  // an entry whose use is a fault is not cached, but in caching mode one that is not present is
  assign fill_o = reads_entry && !failed_i
      && (entry_fault == iommu_pkg::FaultNone
          || (entry_fault == iommu_pkg::FaultEntryNotPresent && caching_i));
  assign fill_entry_o = entry;

  // ---- its descriptor --------------------------------------------------------------------------

  logic         line_reserved;
  logic [7:0]   line_vector;
  logic         line_notify;
  iommu_pkg::message_t line_message;

  iommu_post u_post (
    .entry_i    (state_i.entry),
    .line_i     (rdata_i),
    .extended_i (extended),
    .reserved_o (line_reserved),
    .line_o,
    .descriptor_o,
    .vector_o   (line_vector),
    .notify_o   (line_notify),
    .message_o  (line_message)
  );

  assign unlock_o = locks && !failed_i;

  // ---- what becomes of it ----------------------------------------------------------------------

  always_comb begin
    result_o = '0;
    if (take_i && not_request) result_o.outcome = iommu_pkg::OutcomeNotRequest;
    if (take_i && passes) result_o.outcome = iommu_pkg::OutcomePassed;
    if (take_i && looks_up) begin
      result_o.lookup = hit_i ? iommu_pkg::LookupHit : iommu_pkg::LookupMiss;
    end
    if (take_i) result_o.fault = request_fault;
    if (reads_entry && failed_i) result_o.fault = iommu_pkg::FaultEntryReadError;
    if (has_entry) begin
      result_o.fault = entry_fault;
      // the faults of an entry are qualified, as are those of a descriptor
      result_o.suppressed = entry_fault != iommu_pkg::FaultNone && entry[1];
      if (entry_fault == iommu_pkg::FaultNone && !entry_posted) begin
        result_o.outcome = iommu_pkg::OutcomeRemapped;
        result_o.message = entry_message;
      end
    end
    if (locks && (failed_i || line_reserved)) begin
      result_o.fault = failed_i ? iommu_pkg::FaultDescriptorError
                                : iommu_pkg::FaultDescriptorInvalid;
      result_o.suppressed = state_i.entry[1];
    end else if (locks) begin
      result_o.outcome = iommu_pkg::OutcomePosted;
      result_o.notify = line_notify;
      result_o.posted_vector = line_vector;
      result_o.descriptor = descriptor_o;
      if (line_notify) result_o.message = line_message;
    end
    if (result_o.fault != iommu_pkg::FaultNone) result_o.outcome = iommu_pkg::OutcomeBlocked;
  end

  always_comb begin
    state_o = state_i;
    if (take_i) begin
      state_o.sid = sid_i;
      state_o.index = index;
      if (looks_up) state_o.request_state = iommu_pkg::RequestReadsEntry;
    end
    if (has_entry) begin
      state_o.entry = entry;
      state_o.request_state = iommu_pkg::RequestLocksDescriptor;
    end
    if (result_o.outcome != iommu_pkg::OutcomeNothing) begin
      state_o.request_state = iommu_pkg::RequestIdle;
    end
  end
endmodule
