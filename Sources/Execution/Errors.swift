import Kernels
import Networks
import Studies
import Training

// Errors of modules that know nothing of a program.

extension VectorWidthError: UserError {
    package var place: String {
        switch self {
        case .unknown(let name): "VISEME_SIMD=\(name)"
        case .unavailable(let width): "VISEME_SIMD=\(width.rawValue)"
        }
    }

    package var rule: String {
        switch self {
        case .unknown: "there is no such vector width"
        case .unavailable: "this processor lacks it"
        }
    }

    package var remedy: String {
        switch self {
        case .unknown:
            "use one of \(VectorWidth.allCases.map(\.rawValue).joined(separator: ", ")), or unset it"
        case .unavailable: "the widest it has is \(VectorWidth.best.rawValue)"
        }
    }
}

extension WeightMismatch: UserError {
    package var place: String { "" }
    package var rule: String { description }
}
