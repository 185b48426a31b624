import KernelContract

extension Loops {
    public static func channelSums(
        _ x: UnsafePointer<Lanes>, shape: BlockShape, channels: Range<Int>,
        totals: UnsafeMutablePointer<Lanes>,
        sums: UnsafeMutablePointer<Float>
    ) {
        clear(totals, channels)
        for segment in Segments(shape) {
            for group in ChannelGroups(channels) {
                var (a, b, c, d) = (Lanes.zero, Lanes.zero, Lanes.zero, Lanes.zero)
                var pixel = x + segment.offset + group.first
                for _ in 0..<segment.pixels {
                    a += pixel[0]
                    b += pixel[group.o1]
                    c += pixel[group.o2]
                    d += pixel[group.o3]
                    pixel += shape.channels
                }
                group.add(segment.mask, a, b, c, d, to: totals)
            }
        }
        for channel in channels { sums[channel] = pairwiseSum(totals[channel]) }
    }

    public static func channelSquares(
        _ x: UnsafePointer<Lanes>, shape: BlockShape, mean: UnsafePointer<Float>,
        channels: Range<Int>,
        totals: UnsafeMutablePointer<Lanes>, sums: UnsafeMutablePointer<Float>
    ) {
        clear(totals, channels)
        for segment in Segments(shape) {
            for group in ChannelGroups(channels) {
                let (mean0, mean1, mean2, mean3) = group.spread(mean)
                var (a, b, c, d) = (Lanes.zero, Lanes.zero, Lanes.zero, Lanes.zero)
                var pixel = x + segment.offset + group.first
                for _ in 0..<segment.pixels {
                    let (x0, x1) = (pixel[0] - mean0, pixel[group.o1] - mean1)
                    let (x2, x3) = (pixel[group.o2] - mean2, pixel[group.o3] - mean3)
                    a.addProduct(x0, x0)
                    b.addProduct(x1, x1)
                    c.addProduct(x2, x2)
                    d.addProduct(x3, x3)
                    pixel += shape.channels
                }
                group.add(segment.mask, a, b, c, d, to: totals)
            }
        }
        for channel in channels { sums[channel] = pairwiseSum(totals[channel]) }
    }

    public static func normalize(
        _ x: UnsafePointer<Lanes>, y: UnsafeMutablePointer<Lanes>, shortcut: UnsafePointer<Lanes>?,
        rectify: Bool,
        shape: BlockShape, norm: NormFactors, blocks: Range<Int>
    ) {
        for block in blocks {
            var index = block * shape.blockStride
            for row in 0..<shape.height {
                let mask = LaneMask(shape, block: block, row: row)
                for _ in 0..<shape.width {
                    for channel in 0..<shape.channels {
                        var value = normalized(x[index], norm, channel)
                        if let shortcut { value += shortcut[index] }
                        if rectify { value = rectified(value) }
                        y[index] = mask(value)
                        index += 1
                    }
                }
            }
        }
    }

    public static func normGradientSums(
        gradient: UnsafeMutablePointer<Lanes>, rectifier: Rectifier, x: UnsafePointer<Lanes>,
        shape: BlockShape,
        norm: NormFactors, channels: Range<Int>, totals: UnsafeMutablePointer<Lanes>,
        sums: UnsafeMutablePointer<Float>, products: UnsafeMutablePointer<Float>
    ) {
        clear(totals, channels)
        clear(totals + shape.channels, channels)
        for segment in Segments(shape) {
            for group in ChannelGroups(channels) {
                let at = segment.offset + group.first
                switch rectifier {
                case .none:
                    addGradients(segment, group, shape, x + at, norm, totals) { offset, _, _, _ in
                        gradient[at + offset]
                    }
                case .output(let y):
                    addGradients(segment, group, shape, x + at, norm, totals) { offset, _, _, _ in
                        let kept = gradient[at + offset].replacing(
                            with: 0, where: y[at + offset] .<= 0)
                        gradient[at + offset] = kept
                        return kept
                    }
                case .again:
                    addGradients(segment, group, shape, x + at, norm, totals) {
                        offset, difference, factor, beta in
                        gradient[at + offset]
                            .replacing(with: 0, where: beta.addingProduct(difference, factor) .<= 0)
                    }
                }
            }
        }
        storeGradientSums(totals, shape.channels, channels, sums, products)
    }

    /// Adds one segment of four channels to both totals.
    ///
    /// - Parameter gradient: of the value at an offset, given its difference from the mean and the
    ///   channel's factors.
    @inline(__always)
    private static func addGradients(
        _ segment: Segments.Segment, _ group: ChannelGroup, _ shape: BlockShape,
        _ x: UnsafePointer<Lanes>,
        _ norm: NormFactors, _ totals: UnsafeMutablePointer<Lanes>,
        _ gradient: (_ offset: Int, _ difference: Lanes, _ factor: Lanes, _ beta: Lanes) -> Lanes
    ) {
        let (mean0, mean1, mean2, mean3) = group.spread(norm.mean)
        let (factor0, factor1, factor2, factor3) = group.spread(norm.factor)
        let (beta0, beta1, beta2, beta3) = group.spread(norm.beta)
        var (sum0, sum1, sum2, sum3) = (Lanes.zero, Lanes.zero, Lanes.zero, Lanes.zero)
        var (product0, product1, product2, product3) = (
            Lanes.zero, Lanes.zero, Lanes.zero, Lanes.zero
        )
        var offset = 0
        for _ in 0..<segment.pixels {
            let x0 = x[offset] - mean0
            let g0 = gradient(offset, x0, factor0, beta0)
            let x1 = x[offset + group.o1] - mean1
            let g1 = gradient(offset + group.o1, x1, factor1, beta1)
            let x2 = x[offset + group.o2] - mean2
            let g2 = gradient(offset + group.o2, x2, factor2, beta2)
            let x3 = x[offset + group.o3] - mean3
            let g3 = gradient(offset + group.o3, x3, factor3, beta3)
            sum0 += g0
            sum1 += g1
            sum2 += g2
            sum3 += g3
            product0.addProduct(g0, x0)
            product1.addProduct(g1, x1)
            product2.addProduct(g2, x2)
            product3.addProduct(g3, x3)
            offset += shape.channels
        }
        group.add(segment.mask, sum0, sum1, sum2, sum3, to: totals)
        group.add(segment.mask, product0, product1, product2, product3, to: totals + shape.channels)
    }

    public static func normGradient(
        gradient: UnsafePointer<Lanes>, rectifier: Rectifier, x: UnsafePointer<Lanes>,
        result: UnsafeMutablePointer<Lanes>, shape: BlockShape, norm: NormFactors,
        blocks: Range<Int>
    ) {
        var isAgain = false
        if case .again = rectifier { isAgain = true }
        for block in blocks {
            var index = block * shape.blockStride
            for row in 0..<shape.height {
                let mask = LaneMask(shape, block: block, row: row)
                for _ in 0..<shape.width {
                    for channel in 0..<shape.channels {
                        var g = gradient[index]
                        if isAgain {
                            g.replace(with: 0, where: normalized(x[index], norm, channel) .<= 0)
                        }
                        result[index] = mask(normGradient(g, x[index], norm, channel))
                        index += 1
                    }
                }
            }
        }
    }

    public static func normalizePooled(
        _ x: UnsafePointer<Lanes>, y: UnsafeMutablePointer<Lanes>,
        chosen: UnsafeMutablePointer<Lanes>?,
        shape: BlockShape, norm: NormFactors, blocks: Range<Int>
    ) {
        let rowStride = shape.width * shape.channels
        for block in blocks {
            let mask = LaneMask(shape, block: block)
            var pooled = block * (shape.height / 2) * (shape.width / 2) * shape.channels
            for row in 0..<shape.height / 2 {
                for column in 0..<shape.width / 2 {
                    let corner =
                        x + block * shape.blockStride + 2 * row * rowStride + 2 * column
                        * shape.channels
                    for channel in 0..<shape.channels {
                        let pixel = corner + channel
                        var source = pixel[0]
                        var greatest = rectified(normalized(source, norm, channel))
                        choose(&greatest, &source, pixel[shape.channels], norm, channel)
                        choose(&greatest, &source, pixel[rowStride], norm, channel)
                        choose(&greatest, &source, pixel[rowStride + shape.channels], norm, channel)
                        y[pooled] = mask(greatest)
                        if let chosen { chosen[pooled] = source }
                        pooled += 1
                    }
                }
            }
        }
    }

    /// Takes `x` where it gives more than the greatest so far: a NaN that came first stays, a later
    /// one is passed over.
    @inline(__always)
    private static func choose(
        _ greatest: inout Lanes, _ source: inout Lanes, _ x: Lanes, _ norm: NormFactors,
        _ channel: Int
    ) {
        let value = rectified(normalized(x, norm, channel))
        let isGreater = value .> greatest
        greatest.replace(with: value, where: isGreater)
        source.replace(with: x, where: isGreater)
    }

    public static func pooledGradient(
        gradient: UnsafePointer<Lanes>, chosen: UnsafePointer<Lanes>, x: UnsafePointer<Lanes>,
        result: UnsafeMutablePointer<Lanes>, shape: BlockShape, norm: NormFactors,
        blocks: Range<Int>
    ) {
        let rowStride = shape.width * shape.channels
        let (pooledHeight, pooledWidth) = (shape.height / 2, shape.width / 2)
        for block in blocks {
            let mask = LaneMask(shape, block: block)
            var pooled = block * pooledHeight * pooledWidth * shape.channels
            for row in 0..<pooledHeight {
                for column in 0..<pooledWidth {
                    let corner =
                        block * shape.blockStride + 2 * row * rowStride + 2 * column
                        * shape.channels
                    for channel in 0..<shape.channels {
                        // What is given away is taken from the share of those that come later.
                        var left = gradient[pooled]
                        let source = chosen[pooled]
                        giveShare(&left, source, x, result, corner + channel, norm, channel, mask)
                        giveShare(
                            &left, source, x, result, corner + channel + shape.channels, norm,
                            channel, mask)
                        giveShare(
                            &left, source, x, result, corner + channel + rowStride, norm, channel,
                            mask)
                        giveShare(
                            &left, source, x, result, corner + channel + rowStride + shape.channels,
                            norm, channel, mask
                        )
                        pooled += 1
                    }
                }
            }
            // An odd last column and row, which the pooling left out.
            let start = block * shape.blockStride
            if shape.width % 2 == 1 {
                for row in 0..<shape.height {
                    let at = start + row * rowStride + (shape.width - 1) * shape.channels
                    for channel in 0..<shape.channels {
                        result[at + channel] = mask(
                            normGradient(.zero, x[at + channel], norm, channel))
                    }
                }
            }
            if shape.height % 2 == 1 {
                for column in 0..<shape.width {
                    let at = start + (shape.height - 1) * rowStride + column * shape.channels
                    for channel in 0..<shape.channels {
                        result[at + channel] = mask(
                            normGradient(.zero, x[at + channel], norm, channel))
                    }
                }
            }
        }
    }

    /// Writes the gradient of one pixel of a square, and takes its share from `left`.
    @inline(__always)
    private static func giveShare(
        _ left: inout Lanes, _ source: Lanes, _ x: UnsafePointer<Lanes>,
        _ result: UnsafeMutablePointer<Lanes>,
        _ at: Int, _ norm: NormFactors, _ channel: Int, _ mask: LaneMask
    ) {
        let value = x[at]
        let isChosen = value .== source
        let g = Lanes.zero.replacing(with: left, where: isChosen)
        left.replace(with: 0, where: isChosen)
        result[at] = mask(normGradient(g, value, norm, channel))
    }

    @inline(__always)
    private static func clear(_ totals: UnsafeMutablePointer<Lanes>, _ channels: Range<Int>) {
        for channel in channels { totals[channel] = .zero }
    }

    @inline(__always)
    private static func storeGradientSums(
        _ totals: UnsafePointer<Lanes>, _ stride: Int, _ channels: Range<Int>,
        _ sums: UnsafeMutablePointer<Float>,
        _ products: UnsafeMutablePointer<Float>
    ) {
        for channel in channels {
            sums[channel] = pairwiseSum(totals[channel])
            products[channel] = pairwiseSum(totals[stride + channel])
        }
    }

    @inline(__always)
    fileprivate static func normalized(_ x: Lanes, _ norm: NormFactors, _ channel: Int) -> Lanes {
        Lanes(repeating: norm.beta[channel])
            .addingProduct(
                x - Lanes(repeating: norm.mean[channel]), Lanes(repeating: norm.factor[channel]))
    }

    @inline(__always)
    private static func normGradient(_ g: Lanes, _ x: Lanes, _ norm: NormFactors, _ channel: Int)
        -> Lanes
    {
        let centred = g - Lanes(repeating: norm.offset[channel])
        let difference = x - Lanes(repeating: norm.mean[channel])
        return centred.addingProduct(difference, Lanes(repeating: norm.slope[channel]))
            * Lanes(repeating: norm.factor[channel])
    }
}

/// max(0, x); NaN stays.
@inline(__always)
private func rectified(_ x: Lanes) -> Lanes { x.replacing(with: 0, where: x .< 0) }
