#!/usr/bin/env perl
# A backend in Perl: max_pool and its gradient, of float32 and float64, over standard input and output.
#
#     convspec check ./mine.pl
use strict;
use warnings;
use JSON::PP;
use List::Util qw(product);

binmode STDIN;
binmode STDOUT;
$| = 1;
my %letter = (float32 => 'f<', float64 => 'd<');
my $infinity = 9**9**9;
my %operators = (max_pool => \&max_pool, max_pool_grad => \&max_pool_grad);

while (defined(my $line = <STDIN>)) {
    my $call = decode_json($line);
    if ($call->{op} eq 'about') { answer({operators => [sort keys %operators], version => '1.0'}); next }
    my @data = map { elements($_) } @{$call->{arrays}};
    eval { $operators{$call->{op}}($call->{arrays}, \@data, $call->{arguments}); 1 } or refuse($@);
}

# The raw elements of an operand; all are read, whether they are of use or not.
sub elements {
    my ($array) = @_;
    my %bits = (float32 => 32, float64 => 64);
    my ($bits) = $bits{$array->{dtype}} // $array->{dtype} =~ /(\d+)$/;
    my $count = product(1, @{$array->{shape}}) * $bits / 8;
    my $raw = '';
    read(STDIN, $raw, $count - length $raw, length $raw) or exit 1 while length $raw < $count;
    return $raw;
}

sub answer {
    my ($header, $data) = @_;
    print encode_json($header), "\n", $data // '';
}

# Messages end in a newline; what Perl itself says does not, and is a failure of this program.
sub refuse {
    my ($why) = @_;
    die $why if ref $why ne 'HASH';
    answer($why);
}

sub invalid { die {status => 'invalid', message => $_[0]} }

sub max_pool {
    my ($arrays, $data, $given) = @_;
    my ($x, $values, $planes, $windows, $shape) = pooled($arrays->[0], $data->[0], $given);
    my @y;
    for my $plane (@$planes) {
        push @y, map { my $at = greatest($values, $plane, $_); defined $at ? $values->[$at] : -$infinity } @$windows;
    }
    answer({status => 'ok', dtype => $x->{dtype}, shape => $shape}, pack("$letter{$x->{dtype}}*", @y));
}

# Each window's dy goes to its greatest element.
sub max_pool_grad {
    my ($arrays, $data, $given) = @_;
    my ($dy, $slopes) = ($arrays->[0], unpacked($arrays->[0], $data->[0]));
    my ($x, $values, $planes, $windows, $shape) = pooled($arrays->[1], $data->[1], $given);
    invalid('dy has the shape of the result') if "@{$dy->{shape}}" ne "@$shape";
    my @dx = (0) x @$values;
    my $i = 0;
    for my $plane (@$planes) {
        for my $window (@$windows) {
            my ($at, $slope) = (greatest($values, $plane, $window), $slopes->[$i++]);
            $dx[$at] += $slope if defined $at;
        }
    }
    my $dtype = (grep { $_->{dtype} eq 'float64' } $dy, $x) ? 'float64' : 'float32';
    answer({status => 'ok', dtype => $dtype, shape => $x->{shape}}, pack("$letter{$dtype}*", @dx));
}

# An operand and its elements, where its planes start, the positions in a plane that each window meets, the result's shape.
sub pooled {
    my ($x, $raw, $given) = @_;
    my $values = unpacked($x, $raw);
    my ($N, $C, @S) = @{$x->{shape}};
    invalid('x has 3 to 5 axes') unless @S >= 1 && @S <= 3;
    my @axes = map { axis($_, $S[$_], $given) } 0 .. $#S;
    my @O = map { $_->{o} } @axes;
    invalid('the result is too large') if product(1, $N, $C, @O) > 2**28;
    my $plane = product(@S);
    my @windows = map { [grep { defined } taps(\@axes, $_)] } indices(@O);
    return ($x, $values, [map { $_ * $plane } 0 .. $N * $C - 1], \@windows, [$N, $C, @O]);
}

sub unpacked {
    my ($array, $raw) = @_;
    die {status => 'not offered', message => "no $array->{dtype}"} unless $letter{$array->{dtype}};
    return [unpack("$letter{$array->{dtype}}*", $raw)];
}

# One spatial axis: elements, taps, stride, dilation, padding before, windows.
sub axis {
    my ($i, $n, $given) = @_;
    my ($k, $s, $d, $before, $after) = map { $given->{$_}[$i] } qw(size stride dilation before after);
    invalid('sizes, strides and dilations are at least 1') if $n < 1 || $k < 1 || $s < 1 || $d < 1;
    invalid('padding is at least 0') if $before < 0 || $after < 0;
    my $slack = $n + $before + $after - (($k - 1) * $d + 1);
    invalid('the window does not fit') if $slack < 0;
    my $o = int($slack / $s) + 1;
    $o++ if $given->{ceil_mode} && $slack % $s && $o * $s < $n + $before;
    return {n => $n, k => $k, s => $s, d => $d, before => $before, o => $o};
}

# All indices of an array of the given shape, row-major.
sub indices {
    my @found = ([]);
    for my $n (@_) {
        @found = map { my $index = $_; map { [@$index, $_] } 0 .. $n - 1 } @found;
    }
    return @found;
}

# The positions in a plane that the taps of window $o meet, undef for one in the padding.
sub taps {
    my ($axes, $o) = @_;
    return map { position($axes, $o, $_) } indices(map { $_->{k} } @$axes);
}

sub position {
    my ($axes, $o, $r) = @_;
    my $position = 0;
    for my $i (0 .. $#$axes) {
        my $a = $axes->[$i];
        my $at = $o->[$i] * $a->{s} - $a->{before} + $r->[$i] * $a->{d};
        return undef if $at < 0 || $at >= $a->{n};
        $position = $position * $a->{n} + $at;
    }
    return $position;
}

# Where the greatest element of a window is: the first NaN, or the first of equal ones.
sub greatest {
    my ($x, $plane, $window) = @_;
    my $best;
    for (@$window) {
        my $at = $plane + $_;
        return $at if $x->[$at] != $x->[$at];
        $best = $at if !defined $best || $x->[$at] > $x->[$best];
    }
    return $best;
}
