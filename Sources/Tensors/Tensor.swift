/// A named array as it leaves the program: row-major, in PyTorch's shape.
public struct Tensor: Sendable, Equatable {
    /// Its numbers. Half precision and small whole numbers are held by the wider type, which loses
    /// nothing.
    public enum Elements: Sendable, Equatable {
        case float32([Float])
        case float64([Double])
        case integer([Int])

        public var count: Int {
            switch self {
            case .float32(let values): values.count
            case .float64(let values): values.count
            case .integer(let values): values.count
            }
        }
    }

    public var name: String
    public var shape: [Int]
    public var elements: Elements
    /// The type it had where it came from, as the safetensors format names it: `F32`, `BF16`,
    /// `I64`.
    public var dtype: String

    public init(name: String, shape: [Int], elements: Elements, dtype: String) {
        precondition(
            shape.reduce(1, *) == elements.count,
            "\(name): \(shape) does not hold \(elements.count) values")
        self.name = name
        self.shape = shape
        self.elements = elements
        self.dtype = dtype
    }

    public init(name: String, shape: [Int], values: [Float]) {
        self.init(name: name, shape: shape, elements: .float32(values), dtype: "F32")
    }

    /// Bytes that its numbers take in a run file.
    public var byteCount: Int {
        if case .float32(let values) = elements { values.count * 4 } else { elements.count * 8 }
    }

    /// As 32-bit floats, rounded where the type is wider.
    public var values: [Float] {
        get {
            switch elements {
            case .float32(let values): values
            case .float64(let values): values.map { Float($0) }
            case .integer(let values): values.map { Float($0) }
            }
        }
        set {
            elements = .float32(newValue)
            dtype = "F32"
        }
    }
}
