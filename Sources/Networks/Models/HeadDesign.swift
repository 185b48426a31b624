/// What follows the features of frames, to the classes: what the model has, or what the parts say
/// instead.
struct HeadDesign: Sendable {
    /// What a model has.
    struct Model: Sendable {
        var backend: NetworkParts.Backend
        var layers: Int
        /// Multiples of the filters.
        var width: Int
        var isBidirectional = false
        var readout: NetworkParts.Readout
        /// Of the recurrent layers, where they are of the model's own kind.
        var recurrentName = "rnn"
        var classifier = "fc"
        /// Of the features and before the classifier, where the recipe does not say it.
        var headDropout: Float?
        /// Whether each step is classified and the mean taken afterwards.
        var classifiesSteps = false
    }

    let backend: NetworkParts.Backend
    let layers: Int
    /// Multiples of the filters, or channels.
    private let widthFactor: Int
    private let ownWidth: Int?
    let isBidirectional: Bool
    let readout: NetworkParts.Readout
    let kernels, dilations: [Int]
    let recurrentName: String

    init(_ parts: NetworkParts, model: Model) {
        backend = parts.backend ?? model.backend
        let isOwn = backend == model.backend
        kernels = parts.kernels ?? [3, 5, 7]
        isBidirectional =
            parts.isBidirectional ?? (isOwn && model.isBidirectional)
        readout =
            parts.readout ?? (isOwn || backend.isRecurrent ? model.readout : .mean)
        recurrentName = isOwn ? model.recurrentName : "rnn"
        ownWidth = parts.width
        let count = parts.dilations?.count
        switch backend {
        case .lstm, .gru:
            layers = parts.layers ?? (model.backend.isRecurrent ? model.layers : 2)
            widthFactor = isOwn ? model.width : 8
            dilations = []
        case .mstcn:
            layers = parts.layers ?? count ?? 4
            widthFactor = 4 * kernels.count
            dilations = parts.dilations ?? (0..<layers).map { 1 << $0 }
        case .dctcn:
            layers = parts.layers ?? 4
            widthFactor = 2 * kernels.count
            dilations = parts.dilations ?? [1, 2, 5]
        }
    }

    func width(filters: Int) -> Int { ownWidth ?? widthFactor * filters }
}
