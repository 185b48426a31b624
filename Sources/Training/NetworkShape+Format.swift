import Clips
import Networks

/// The network of these settings for clips of this format.
func networkShape(_ format: ClipFormat, classes: Int, settings: TrainingSettings) -> NetworkShape {
    var shape = NetworkShape(
        format, filters: settings.filters, classes: classes, parts: settings.parts)
    shape.dropout = Float(settings.dropout)
    shape.batchNormMomentum = Float(settings.batchNormMomentum)
    return shape
}

extension NetworkShape {
    /// For clips of this format, without dropout.
    package init(_ format: ClipFormat, filters: Int, classes: Int, parts: NetworkParts) {
        self.init(
            frames: format.frames, height: format.height, width: format.width,
            channels: format.channels, filters: filters, classes: classes, dropout: 0,
            batchNormMomentum: 0.1)
        self.parts = parts
        masksSteps = format.length == .mask
        hasWordBoundary = format.hasWordBoundary
    }
}
