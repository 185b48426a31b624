import Networks

extension ParameterGroup {
    /// The groups that settings make of a network's weights; none if all are alike.
    package static func of(_ parameters: Parameters, _ settings: TrainingSettings)
        -> [ParameterGroup]
    {
        guard !settings.decaysAll || !settings.scaledParameters.isEmpty else { return [] }
        let patterns = settings.scaledParameters.map { NamePattern($0) }
        var groups: [ParameterGroup] = []
        for parameter in parameters.trained {
            let isScaled = patterns.contains { $0.matches(parameter.name) }
            // Matrices and convolutions have more axes than biases, norms and slopes.
            let group = ParameterGroup(
                range: parameter.range, scale: isScaled ? settings.learningRateScale : 1,
                isDecayed: settings.decaysAll || parameter.shape.count > 1)
            if let last = groups.last, last.scale == group.scale,
                last.isDecayed == group.isDecayed, last.range.upperBound == group.range.lowerBound
            {
                groups[groups.count - 1].range = last.range.lowerBound..<group.range.upperBound
            } else {
                groups.append(group)
            }
        }
        return groups
    }
}
