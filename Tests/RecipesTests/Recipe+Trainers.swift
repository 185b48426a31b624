import Execution
import Recipes
import Studies

extension Recipe {
    /// By the keys of this program's own trainers.
    init(path: String, overrides: [String] = []) throws {
        try self.init(path: path, overrides: overrides, trainers: TrainerCatalog.declarations)
    }
}

extension IdentityForm {
    /// Of a recipe's runs with these data.
    init(_ recipe: Recipe, data: String = "") {
        self = TrainerCatalog.trainer(recipe.trainer).identityForm(
            recipe.configuration, axes: recipe.axisKeys, metric: recipe.metric, data: data,
            initialWeights: nil,
            numerics: 4)
    }
}
