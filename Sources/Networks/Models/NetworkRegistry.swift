/// The networks there are, by the names that recipes use. A name and its defaults never change
/// meaning.
package enum NetworkRegistry {
    private struct Model: Sendable {
        let name: String
        /// What follows the features of frames.
        let head: HeadDesign.Model
        let plan: @Sendable (NetworkShape) -> NetworkPlan
    }

    private static let models: [Model] = [
        Model(name: "resnet18_lstm", head: .openAV, plan: NetworkPlan.resNet18LSTM),
        Model(name: "resnet18_bigru", head: .biGRU, plan: NetworkPlan.resNet18BiGRU),
        Model(name: "resnet18_mstcn", head: .msTCN, plan: NetworkPlan.resNet18MSTCN),
        Model(name: "resnet18_dctcn", head: .dcTCN, plan: NetworkPlan.resNet18DCTCN),
        Model(name: "cnn3d_gru", head: .smallGRU, plan: NetworkPlan.cnn3DGRU),
    ]

    package static var names: [String] { models.map(\.name) }

    /// A model for clips of one shape.
    /// - Parameter name: one of `names`.
    package static func plan(_ name: String, _ shape: NetworkShape) -> NetworkPlan {
        model(name).plan(shape)
    }

    /// What follows the features of frames in a model.
    static func head(_ name: String) -> HeadDesign.Model { model(name).head }

    private static func model(_ name: String) -> Model {
        guard let model = models.first(where: { $0.name == name }) else {
            preconditionFailure("there is no model \(name)")
        }
        return model
    }
}
