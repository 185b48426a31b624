import CPlatform
@_exported import KernelContract
import KernelsPlain

#if arch(x86_64)
    import KernelsAVX2
    import KernelsAVX512
#endif

/// The vector widths this program has kernels for.
public enum VectorWidth: String, CaseIterable, Sendable {
    case avx512, avx2, plain

    /// Whether this processor can run them.
    public var isAvailable: Bool {
        switch self {
        case .avx512: viseme_processor_has_avx512() != 0
        case .avx2: viseme_processor_has_avx2_fma() != 0
        case .plain: true
        }
    }

    /// The widest that this processor can run.
    public static var best: VectorWidth { allCases.first { $0.isAvailable } ?? .plain }

    public var kernels: any KernelSet.Type {
        #if arch(x86_64)
            switch self {
            case .avx512: KernelsAVX512.Loops.self
            case .avx2: KernelsAVX2.Loops.self
            case .plain: KernelsPlain.Loops.self
            }
        #else
            KernelsPlain.Loops.self
        #endif
    }

    /// The width that `VISEME_SIMD` asks for, or the best.
    public static func chosen(environment: [String: String]) throws -> VectorWidth {
        guard let name = environment["VISEME_SIMD"], !name.isEmpty else { return best }
        guard let width = VectorWidth(rawValue: name) else { throw VectorWidthError.unknown(name) }
        guard width.isAvailable else { throw VectorWidthError.unavailable(width) }
        return width
    }
}

/// The processor this program runs on.
public enum Processor {
    /// What it calls itself; empty where it has no name. Under an emulator, the emulated one's.
    public static var name: String {
        var bytes = [CChar](repeating: 0, count: 49)
        viseme_processor_name(&bytes)
        let text = String(
            decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return text.split(separator: " ").joined(separator: " ")
    }
}

public enum VectorWidthError: Error, CustomStringConvertible, Equatable {
    case unknown(String)
    case unavailable(VectorWidth)

    public var description: String {
        let names = VectorWidth.allCases.map(\.rawValue).joined(separator: ", ")
        return switch self {
        case .unknown(let name):
            "VISEME_SIMD=\(name): there is no such vector width; use one of \(names), or unset it"
        case .unavailable(let width):
            "VISEME_SIMD=\(width.rawValue): this processor lacks it; the widest it has is \(VectorWidth.best.rawValue)"
        }
    }
}
