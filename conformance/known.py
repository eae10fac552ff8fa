"""Known bugs of the world: public issues, each as the smallest case that would show a bug of its class.

Two lines an issue: project#number, class, clause and the planted bug that the case must catch; then the case. Where the
issue was about a gradient, a layout or an attribute that the operators here do not have, it is left out.
"""

ISSUES = """
onnxruntime#4086 PAD-SAME shape.padding-same-lower: same lower is same in layers
  conv x=1x1x4:float32 w=1x1x2:float32 padding=same_lower
onnxruntime#4698 PAD-ASYM shape.padding: padding after is padding before
  conv_transpose x=1x1x4:float32 w=1x1x3:float32 padding=0:1,
onnxruntime#11927 PAD-ASYM shape.padding: padding after is padding before
  conv_transpose x=1x1x3x3:float32 w=1x1x2x2:float32 stride=2 padding=0:1,1:0
onnxruntime#10086 PAD-NEG shape.padding-same: same crops where the stride exceeds the kernel
  conv x=1x1x5:float32 w=1x1x1:float32 stride=2 padding=same
tensorflow#14601 PAD-NEG shape.padding-same: same crops where the stride exceeds the kernel
  conv x=1x1x7x7:float32 w=1x1x2x2:float32 stride=3 padding=same
root#21737 EVEN-KERNEL shape.padding-same: same puts the odd element before
  conv x=1x1x4x4:float32 w=1x1x2x2:float32 padding=same
onnxruntime#27249 PAD-SAME shape.padding-same-lower: same lower is same in layers
  conv x=1x1x5:float32 w=1x1x4:float32 stride=2 padding=same_lower
onnxruntime#29631 PAD-ASYM shape.padding: padding after is left out
  avg_pool x=1x1x5x5:float32 size=2 stride=1 padding=0:1,0:1 dilation=2
oneDNN#5080 WIDTH-TAIL shape.padding: uneven padding spoils the last column of kernels of four
  conv x=1x1x3x8:int8 w=1x1x1x4:int8 padding=0:0,1:2
opencv#20342 PAD-ASYM shape.padding: only even padding is understood
  conv x=1x1x3x3:float32 w=1x1x2x2:float32 padding=0:1,0:1
opencv#20964 PAD-ASYM shape.padding: only even padding is understood
  conv x=1x1x4x4:float32 w=1x1x3x3:float32 padding=1:0,0:1
opencv#19499 PAD-ASYM shape.padding: only even padding is understood
  conv x=1x1x3x3x3:float32 w=1x1x2x2x2:float32 padding=1:0,1:0,1:0
XNNPACK#958 PAD-ASYM shape.padding: padding before and after are swapped
  conv x=1x1x4x4:float32 w=1x1x3x3:float32 stride=2 padding=0:1,0:1
pytorch#36977 POOL-CEIL shape.ceil-drop: an average of padding alone is kept
  avg_pool x=1x1x3:float32 size=1 stride=2 padding=0:1, ceil_mode=True
pytorch#88144 POOL-CEIL shape.ceil-mode: ceil mode is ignored
  max_pool x=1x1x4:float32 size=3 stride=2 ceil_mode=True
pytorch#26610 POOL-CEIL shape.ceil-mode: ceil mode is ignored
  max_pool x=1x1x5x6:float32 size=2 ceil_mode=True
pytorch#71549 POOL-CEIL shape.ceil-drop: a window beyond the input is kept
  max_pool x=1x1x2x2:float32 size=2 stride=3 padding=1 ceil_mode=True
onnxruntime#16203 POOL-DIVISOR avg_pool.divisor-ceil: an overhanging window counts in full
  avg_pool x=1x1x4:float32 size=3 stride=2 ceil_mode=True count_include_pad=True
onnxruntime#24681 POOL-DIVISOR avg_pool.divisor-ceil: an overhanging window counts in full
  avg_pool x=1x1x4x4:float32 size=3 stride=2 padding=1 ceil_mode=True count_include_pad=True
onnx#5276 POOL-DIVISOR avg_pool.divisor-includes-padding: padding is never counted
  avg_pool x=1x1x3:float32 size=2 stride=1 padding=0:1, count_include_pad=True
pytorch#100987 POOL-DIVISOR avg_pool.divisor-ceil: an overhanging window counts in full
  avg_pool x=1x1x5x5:float32 size=2 stride=2 ceil_mode=True count_include_pad=True
coremltools#2844 POOL-DIVISOR avg_pool.divisor-ceil: an overhanging window counts in full
  avg_pool x=1x1x3x3:float32 size=2 ceil_mode=True count_include_pad=True
executorch#18616 POOL-DIVISOR avg_pool.divisor-excludes-padding: padding is counted
  avg_pool x=1x1x2x2:float32 size=2 stride=1 padding=1 count_include_pad=False
openvino#33369 POOL-CEIL shape.ceil-mode: rounding up divides twice
  avg_pool x=1x1x4:float32 size=3 stride=2 ceil_mode=True
openvino#36714 POOL-CEIL shape.ceil-drop: a window beyond the input is kept
  max_pool x=1x1x5:float32 size=2 stride=3 padding=1 ceil_mode=True
tvm#18594 POOL-CEIL shape.ceil-drop: an average of padding alone is kept
  avg_pool x=1x1x2x2:float32 size=2 stride=3 padding=1 ceil_mode=True
tvm#18641 POOL-CEIL shape.ceil-drop: a window beyond the input is kept
  max_pool x=1x1x1x2:float32 size=1,2 stride=1,3 padding=0,1 ceil_mode=True
Paddle#51542 POOL-CEIL shape.ceil-mode: rounding up divides twice
  avg_pool x=1x1x6x6:float32 size=3 stride=2 ceil_mode=True
rten#1416 POOL-CEIL shape.ceil-mode: ceil mode is ignored
  max_pool x=1x1x6x6:float32 size=3 stride=2 ceil_mode=True
pytorch#7645 NAN-PROP max_pool.nan: nan is ignored
  max_pool x=1x1x4:float32 size=2 put=x[0,0,1]=nan
pytorch#39846 NEG-INF-INIT max_pool.nan: nan is ignored
  max_pool x=1x1x2:float32 size=2 put=x[0,0,0]=nan;x[0,0,1]=-inf
pytorch#39044 NEG-INF-INIT max_pool.value: the identity is the least finite number
  max_pool x=1x1x2:float32 size=2 put=x[0,0,0]=-inf;x[0,0,1]=-inf
pytorch#23161 NEG-INF-INIT max_pool.nan: the identity is the least finite number
  max_pool x=1x1x2:float32 size=1 put=x[0,0,0]=nan;x[0,0,1]=-inf
tensorflow#2501 NAN-PROP max_pool.nan: nan is ignored
  max_pool x=1x1x1x2:float32 size=1,2 put=x[0,0,0,0]=nan;x[0,0,0,1]=nan
tensorflow#125965 CHANNEL-INVARIANCE pool.channels: three channels are packed together
  max_pool x=1x3x2:float64 size=2
openvino#35935 NAN-PROP max_pool.nan: nan is ignored
  max_pool x=1x1x2x2:float32 size=2 put=x[0,0,0,0]=nan;x[0,0,0,1]=nan;x[0,0,1,0]=nan;x[0,0,1,1]=nan
Theano#3060 NAN-ORDER max_pool.nan: nan is seen only where it comes last
  max_pool x=1x1x3:float32 size=3 put=x[0,0,0]=nan
scipy#9077 NAN-ORDER max_pool.nan: nan is seen only where it comes last
  max_pool x=1x1x5:float64 size=3 stride=1 put=x[0,0,2]=nan
pytorch#40131 ARGMAX-INIT max_pool.value: the identity is the least finite number
  max_pool x=1x1x4:float32 size=2 put=x[0,0,0]=-inf;x[0,0,1]=-inf
scipy#7818 NAN-LOCALITY number.locality: averages are differences of running sums
  avg_pool x=1x1x13:float64 size=3 stride=1 put=x[0,0,1]=nan
scipy#15927 NAN-LOCALITY number.locality: a running sum carries nan to the edge
  correlate in1=9:float64 in2=3:float64 mode=same put=in1[1]=nan
scipy#22390 ACC-FFT number.locality: an outlier spoils the transform
  convolve in1=400:float64 in2=5:float64 mode=valid data=real put=in1[0]=1e30
scipy#6076 INT-OVERFLOW number.integers: the dtype of integers stays
  convolve in1=2:int8 in2=2:int8 data=real
scipy#7217 INT-OVERFLOW number.integer-modulo: integers pass through float64
  conv x=1x1x3:int64 w=1x1x2:int64 data=real
cupy#8401 INT-ROUND number.integer-mean: integer averages are rounded
  avg_pool x=1x1x6:int64 size=6
cupy#10303 STRIDES-NEG call.strides: images with negative strides are reversed
  convolve in1=4:float32 in2=3:float32 layout=in1:negative
pytorch#16018 STRIDES call.strides: weights are read as if contiguous
  conv x=1x2x3x3:float32 w=2x2x2x2:float32 layout=w:transposed
pytorch#16557 STRIDES call.strides: weights are read as if contiguous
  conv x=1x2x3x3:float32 w=3x2x1x2:float32 layout=w:channels_last
pytorch#55781 LAYOUT call.strides: channels last is read as channels first
  conv x=1x2x3x3:float32 w=1x2x2x2:float32 layout=x:channels_last
pytorch#77299 LAYOUT call.strides: channels last is read as channels first
  conv x=2x3x4x2:float32 w=4x3x1x1:float32 layout=channels_last
pytorch#82060 LAYOUT call.strides: channels last is read as channels first
  conv x=1x4x2x3:float32 w=4x1x2x2:float32 groups=4 layout=x:channels_last
pytorch#120547 LAYOUT call.strides: weights are read as if contiguous
  conv x=1x2x1x4:float32 w=2x2x1x3:float32 layout=transposed
llama.cpp#28503 STRIDES call.strides: negative strides are read forwards
  conv x=1x1x3x3:float32 w=1x1x2x2:float32 layout=x:negative
pytorch#63299 EMPTY call.empty-batch: an empty batch has no channels
  conv x=0x1x3x3:float32 w=2x1x2x2:float32
NNlib.jl#763 EMPTY call.empty-batch: an empty batch has no channels
  conv x=0x1x4:float32 w=1x1x2:float32 padding=1
Theano#3715 EMPTY call.empty-batch: an empty batch has no channels
  conv x=0x2x5:float32 w=3x2x3:float32
pytorch#91396 EMPTY call.empty-channels: no channels give zeros without the bias
  conv x=1x0x3x3:float32 w=2x0x2x2:float32 b=2:float32 seed=1
pytorch#91558 BAD-ATTR error.groups: the sign of groups is dropped
  conv x=1x2x3:float32 w=2x2x2:float32 groups=0
pytorch#5112 BAD-ATTR error.output-padding: output padding is clipped
  conv_transpose x=1x1x3x3:float32 w=1x1x2x2:float32 stride=2 output_padding=2
XNNPACK#11118 BAD-ATTR error.channels: channels of the kernel beyond those of the input are cut off
  conv x=1x2x3x3:float32 w=1x3x2x2:float32
XNNPACK#4190 OOB conv.formula: the last pixels of wide rows repeat
  conv x=1x1x19:float32 w=1x1x3:float32
pytorch#21597 CHANNEL-TAIL conv.formula: channels beyond a multiple of four are dropped
  conv x=1x6x3x3:float32 w=1x6x2x2:float32
oneDNN#323 CHANNEL-TAIL conv.formula: three channels are padded to four with the first
  conv x=1x3x3x3:float32 w=1x3x2x2:float32
pytorch#18463 GROUPS conv.groups: sixteen outputs of narrow groups repeat
  conv x=1x4x3:float32 w=16x2x2:float32 groups=2
onnx#8446 GROUPS conv_transpose.groups: transposed groups are interleaved
  conv_transpose x=1x4x2:float32 w=4x2x2:float32 groups=2
tvm#9885 GROUPS conv_transpose.groups: the first group paints all
  conv_transpose x=1x2x2x2:float32 w=2x1x2x2:float32 groups=2
tvm#10223 GROUPS conv_transpose.groups: the first group paints all
  conv_transpose x=1x4x3:float32 w=4x1x2:float32 stride=2 groups=4
tvm#19524 OUTPUT-PADDING conv_transpose.output-padding: output padding is ignored
  conv_transpose x=1x1x2x2:float32 w=1x1x3x3:float32 stride=2 padding=1 output_padding=1
onnxruntime#2518 OUTPUT-PADDING conv_transpose.output-padding: output padding is ignored
  conv_transpose x=1x1x3:float32 w=1x1x2:float32 stride=2 output_padding=1
onnx#3187 OUTPUT-PADDING conv_transpose.output-padding: output padding is ignored
  conv_transpose x=1x1x3:float32 w=1x1x2:float32 output_padding=1 dilation=2
mxnet#13876 DIL shape.transposed: dilation does not count in the transposed size
  conv_transpose x=1x1x3:float32 w=1x1x3:float32 dilation=2
mxnet#11203 DIL shape.transposed: dilation does not count in the transposed size
  conv_transpose x=1x1x3x3:float32 w=1x1x2x2:float32 stride=2 dilation=2
tensorflow#18454 DIL shape.dilation: dilation is ignored in layers
  conv x=1x1x5:float32 w=1x1x2:float32 dilation=2 seed=1
tensorflow#57128 DIL shape.dilation: a stride and a dilation exclude each other
  conv x=1x1x7x7:float32 w=1x1x2x2:float32 stride=2 dilation=2
tensorflow#28788 DIL shape.dilation: a stride and a dilation exclude each other
  conv x=1x1x7:float32 w=1x1x3:float32 padding=same dilation=3
onnxruntime#1320 POOL-DIL shape.dilation: dilation is ignored
  max_pool x=1x1x5x5:float32 size=2 stride=1 padding=1 dilation=2
onnxruntime#20582 POOL-DIL shape.padding-same: same ignores the dilation
  max_pool x=1x1x6:float32 size=3 stride=1 padding=same dilation=2
pytorch-image-models#2779 POOL-DIL shape.padding-same: same ignores the dilation
  max_pool x=1x1x7x7:float32 size=2 stride=2 padding=same dilation=3
xla#48714 SIZE-DISPATCH avg_pool.value: dilation is dropped for large inputs
  avg_pool x=1x1x40x40:float32 size=2 stride=1 dilation=2
pytorch#131958 NONDET call.repeatable: the order of summation alternates
  conv x=1x2x5x5:float32 w=2x2x3x3:float32 data=real calls=4
pytorch#90142 BATCH-INVARIANCE call.batch: sixteen images take another path
  conv x=16x1x3:float32 w=1x1x3:float32 padding=1
tensorflow#25625 BATCH-INVARIANCE call.batch: the second image is the first
  conv x=2x1x4x4:float32 w=1x1x3x3:float32
mlx#4242 ACC-WINOGRAD number.precision: blocks of thirty two channels are in tf32
  conv x=1x32x4x4:float32 w=1x32x3x3:float32 padding=1 data=wide
pytorch#163539 ACC-F16 number.precision: float16 inside
  conv x=1x1x3x3x3:float32 w=1x1x2x2x2:float32 data=wide
pytorch#21734 SUBNORMAL number.subnormals: subnormal results are flushed
  conv x=1x1x2:float32 w=1x1x1:float32 put=x[0,0,0]=least;x[0,0,1]=least;w[0,0,0]=3
pytorch#184037 LP-ABS lp_pool.value: odd orders keep the sign
  lp_pool x=1x1x2:float32 size=2 p=3 put=x[0,0,0]=-4;x[0,0,1]=3
torch-mlir#3460 LP-ABS lp_pool.value: odd orders keep the sign
  lp_pool x=1x1x3x3:float32 size=2 stride=1 p=3 seed=2
scipy#822 EVEN-KERNEL image.mode-same: same is centred to the right
  correlate in1=4:float64 in2=2:float64 mode=same
scipy#26105 SHAPE image.mode-same: same has the size of the larger operand
  convolve in1=3:float64 in2=5:float64 mode=same
cupy#10292 SHAPE image.mode-same: same has the size of the larger operand
  convolve in1=2x3:float64 in2=4x5:float64 mode=same
tinygrad#7726 INT-POOL-PAD pool.padding: padded integers become floats
  max_pool x=1x1x2x2:int32 size=2 stride=1 padding=1
tinygrad#7579 POOL-CEIL shape.ceil-mode: ceil mode is ignored
  max_pool x=1x1x3x3:float32 size=2 ceil_mode=True
tinygrad#605 POOL-DIVISOR avg_pool.divisor-excludes-padding: padding is counted
  avg_pool x=1x1x2x2:float32 size=3 stride=1 padding=1
NNPACK#16 AXIS-SWAP shape.stride: the stride of rows serves columns
  max_pool x=1x1x4x6:float32 size=2 stride=1,2
bayesian-torch#34 ARG-ORDER conv.groups: groups and dilation change places
  conv x=1x2x3:float32 w=2x1x2:float32 groups=2
onnx#7721 STATUS error.channel-groups: outputs that fill no group are dropped
  conv x=1x2x3:float32 w=3x1x2:float32 groups=2
TensorRT#2094 SIZE-DISPATCH call.completes: windows of more than three hundred taps are refused
  max_pool x=1x1x320:float32 size=318
KernelBench#165 CANARY conv.formula: all zeros
  conv x=1x1x2x2:float32 w=1x1x2x2:float32 seed=3
"""
