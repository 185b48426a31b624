/// Pixel formats of ffmpeg that have no place in a stream of planes (YUV4MPEG2), and how they are
/// asked for instead. Only the order of bytes changes, or alpha goes: ffmpeg's conversions of
/// colour differ between processors. (Each pair was compared in both directions, with and without
/// the processor's wide instructions.)
enum PixelFormat {
    /// A stream of planes in this format.
    case planes(String)
    /// Pixels as `rgb24`.
    case colours
    /// Numbers of 16 bits, of which `depth` are used: planes of green, blue and red, or pixels of
    /// red, green and blue.
    case deep(String, depth: Int, isPlanar: Bool)

    /// Nil for a format that is not read.
    init?(_ name: String) {
        if let planes = PixelFormat.repacked[name] {
            self = .planes(planes)
        } else if PixelFormat.pixels8.contains(name) {
            self = .colours
        } else if let depth = PixelFormat.planarDepth(name) {
            self = .deep("gbrp\(depth)le", depth: depth, isPlanar: true)
        } else if PixelFormat.pixels16.contains(name) {
            self = .deep("rgb48le", depth: 16, isPlanar: false)
        } else {
            return nil
        }
    }

    private static let repacked: [String: String] = [
        "yuyv422": "yuv422p", "uyvy422": "yuv422p", "yvyu422": "yuv422p", "nv12": "yuv420p",
        "nv21": "yuv420p", "nv24": "yuv444p", "nv42": "yuv444p", "yuva420p": "yuv420p",
        "yuva422p": "yuv422p", "yuva444p": "yuv444p", "ya8": "gray", "p010le": "yuv420p10le",
        "p016le": "yuv420p16le", "p210le": "yuv422p10le", "yuva420p10le": "yuv420p10le",
        "yuva422p10le": "yuv422p10le", "yuva444p10le": "yuv444p10le",
    ]

    private static let pixels8: Set<String> = [
        "rgb24", "bgr24", "bgr0", "rgb0", "0rgb", "0bgr", "rgba", "bgra", "argb", "abgr", "gbrp",
        "gbrap", "pal8",
    ]

    private static let pixels16: Set<String> = [
        "rgb48le", "rgb48be", "bgr48le", "bgr48be", "rgba64le", "bgra64le",
    ]

    private static func planarDepth(_ name: String) -> Int? {
        name.wholeMatch(of: /gbrp(9|10|12|14|16)[lb]e/).flatMap { Int($0.1) }
    }

    /// A number of `depth` bits as one of eight: rounded, in whole numbers.
    @inline(__always)
    static func eightBits(_ value: Int, depth: Int) -> UInt8 {
        UInt8(min(255, (value + (1 << (depth - 9))) >> (depth - 8)))
    }
}
