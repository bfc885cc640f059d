// The invalidation queue: memory answers, or an invalidation need not wait any more.  Purely
// combinational.
module iommu_queue (
  input  logic [3:0]   mhmv_i,
  input  iommu_pkg::state_t  state_i,
  input  logic         run_i,             // a request has ended in this cycle

  input  logic         answered_i,
  input  logic         failed_i,
  input  logic [127:0] rdata_i,

  output iommu_pkg::state_t  state_o,
  output logic         invalidate_all_o,
  output logic         invalidate_o,      // those of first_o and mask_o
  output logic [15:0]  first_o,
  output logic [4:0]   mask_o,
  output logic         fault_event_o,     // is sent, as the next
  output logic         completion_event_o
);
  logic         idle;
  logic         fetched;
  logic         written;
  logic [127:0] d;  // the descriptor that the queue is at

  assign idle = state_i.request_state == iommu_pkg::RequestIdle;
  assign fetched = answered_i && state_i.queue_state == iommu_pkg::QueueFetches && !failed_i;
  assign written = answered_i && state_i.queue_state == iommu_pkg::QueueWritesStatus;
  assign d = fetched ? rdata_i : state_i.descriptor;

  // ---- what it says ----------------------------------------------------------------------------

  logic       is_iec;
  logic       is_wait;
  logic       selective;
  logic       iec_reserved;
  logic       wait_reserved;
  logic [3:0] cause;  // of an error, or 0

  assign is_iec = d[3:0] == iommu_pkg::TypeIec;
  assign is_wait = d[3:0] == iommu_pkg::TypeWait;
  assign selective = d[4];
  assign first_o = d[47:32];
  assign mask_o = d[31:27];
  assign iec_reserved = |{d[127:48], d[26:12], d[8:5]}
                        || (selective && mask_o > {1'b0, mhmv_i});
  assign wait_reserved = |{d[65:64], d[31:12], d[8]};

  always_comb begin
    cause = 4'd0;
    if (answered_i && failed_i && !written) begin
      cause = iommu_pkg::ErrorFetch;
    end else if (fetched && d[11:9] != 3'd0) begin
      cause = iommu_pkg::ErrorType;
    end else if (fetched) begin
      unique case (d[3:0])
        // what is DMA remapping's has nothing to do
        iommu_pkg::TypeContext, iommu_pkg::TypeIotlb, iommu_pkg::TypeDeviceTlb: ;
        iommu_pkg::TypeIec: if (iec_reserved) cause = iommu_pkg::ErrorReserved;
        iommu_pkg::TypeWait: if (wait_reserved) cause = iommu_pkg::ErrorReserved;
        default: cause = iommu_pkg::ErrorType;
      endcase
    end
  end

  // ---- what it does ----------------------------------------------------------------------------

  logic executes;
  logic drained;
  logic invalidates;
  logic completes;
  logic advances;
  logic raises;    // the invalidation event
  logic [18:0] next;

  assign executes = fetched && cause == 4'd0;
  assign drained = run_i && idle && state_i.queue_state == iommu_pkg::QueueDrains;
  assign invalidates = drained || (executes && is_iec && idle);
  assign completes = written || (executes && is_wait && !d[5]);
  assign advances = invalidates || completes || (executes && !is_iec && !is_wait);
  assign raises = completes && d[4] && !state_i.iwc;
  assign invalidate_all_o = invalidates && !selective;
  assign invalidate_o = invalidates && selective;
  assign completion_event_o = raises && !state_i.completed.masked;
  assign next = (state_i.iqh + 19'd16) & 19'((20'h1000 << state_i.iqa[2:0]) - 20'd1);

  iommu_pkg::state_t executed;
  iommu_pkg::state_t fetching;
  logic              beyond;
  logic              bad;

  always_comb begin
    executed = state_i;
    if (fetched) executed.descriptor = rdata_i;
    if (executes && is_iec && !idle) executed.queue_state = iommu_pkg::QueueDrains;
    if (executes && is_wait && d[5]) executed.queue_state = iommu_pkg::QueueWritesStatus;
    if (advances) begin
      executed.queue_state = iommu_pkg::QueueIdle;
      executed.queue_waited = is_wait;
      executed.iqh = next;
    end
    if (completes && d[4]) executed.iwc = 1'b1;
    if (raises) executed.completed.pending = state_i.completed.masked;
    if (cause != 4'd0) begin
      executed.queue_state = iommu_pkg::QueueIdle;
      executed.queue_runs = 1'b0;
      executed.iqercd = cause;
    end
  end

  iommu_fetch u_fetch (
    .state_i(executed), .run_i(run_i || answered_i), .state_o(fetching), .beyond_o(beyond)
  );

  assign bad = beyond || cause != 4'd0;

  iommu_error u_error (.state_i(fetching), .valid_i(bad), .state_o, .event_o(fault_event_o));

  // FN and PD: descriptors are carried out one after the other anyway
  logic unused_descriptor;
  assign unused_descriptor = ^d[7:6];
endmodule
