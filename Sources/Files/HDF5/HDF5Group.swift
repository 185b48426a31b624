import CHDF5

/// A group of an HDF5 file.
package final class HDF5Group {
    let id: hid_t
    let path: String
    /// A file whose members are open does not close: it has to outlive them.
    private let file: HDF5File

    init(id: hid_t, path: String, file: HDF5File) {
        self.id = id
        self.path = path
        self.file = file
    }

    deinit {
        H5Gclose(id)
    }

    func child(_ name: String) -> String { "\(path)/\(name)" }

    // MARK: Writing

    package func makeGroup(_ name: String) throws -> HDF5Group {
        let creation = try check(H5Pcreate(viseme_h5_group_create()), "make \(child(name))")
        defer { H5Pclose(creation) }
        try check(H5Pset_obj_track_times(creation, false), "leave times out")
        let made = H5Gcreate2(id, name, viseme_h5_default(), creation, viseme_h5_default())
        return HDF5Group(id: try check(made, "make \(child(name))"), path: child(name), file: file)
    }

    /// 32-bit floats, row-major.
    /// - Parameter plain: no attribute follows; saves its room, 128 bytes.
    @discardableResult
    package func write(_ name: String, _ values: [Float], shape: [Int], plain: Bool = false) throws
        -> HDF5Dataset
    {
        let dataset = try makeDataset(name, viseme_h5_float32(), shape, values.count, plain: plain)
        try values.withUnsafeBufferPointer {
            try check(
                H5Dwrite(
                    dataset.id, viseme_h5_native_float32(), viseme_h5_all(), viseme_h5_all(),
                    viseme_h5_default(),
                    $0.baseAddress),
                "write \(child(name))")
        }
        return dataset
    }

    /// 64-bit floats, row-major.
    @discardableResult
    package func write(_ name: String, _ values: [Double], shape: [Int]) throws -> HDF5Dataset {
        let dataset = try makeDataset(name, viseme_h5_float64(), shape, values.count)
        try values.withUnsafeBufferPointer {
            try check(
                H5Dwrite(
                    dataset.id, viseme_h5_native_float64(), viseme_h5_all(), viseme_h5_all(),
                    viseme_h5_default(),
                    $0.baseAddress),
                "write \(child(name))")
        }
        return dataset
    }

    /// 64-bit whole numbers, row-major. `small` stores them in 8 bits, as for true and false.
    @discardableResult
    package func write(_ name: String, _ values: [Int], shape: [Int], small: Bool = false) throws
        -> HDF5Dataset
    {
        let dataset = try makeDataset(
            name, small ? viseme_h5_int8() : viseme_h5_int64(), shape, values.count)
        try values.withUnsafeBufferPointer {
            try check(
                H5Dwrite(
                    dataset.id, viseme_h5_native_int64(), viseme_h5_all(), viseme_h5_all(),
                    viseme_h5_default(),
                    $0.baseAddress),
                "write \(child(name))")
        }
        return dataset
    }

    /// 64-bit whole numbers without a sign, row-major.
    @discardableResult
    package func write(_ name: String, _ values: [UInt64], shape: [Int]) throws -> HDF5Dataset {
        let dataset = try makeDataset(name, viseme_h5_uint64(), shape, values.count)
        try values.withUnsafeBufferPointer {
            try check(
                H5Dwrite(
                    dataset.id, viseme_h5_native_uint64(), viseme_h5_all(), viseme_h5_all(),
                    viseme_h5_default(), $0.baseAddress),
                "write \(child(name))")
        }
        return dataset
    }

    /// Bytes, row-major.
    @discardableResult
    package func write(_ name: String, _ values: [UInt8], shape: [Int]) throws -> HDF5Dataset {
        let dataset = try makeDataset(name, viseme_h5_uint8(), shape, values.count)
        try values.withUnsafeBufferPointer {
            try check(
                H5Dwrite(
                    dataset.id, viseme_h5_uint8(), viseme_h5_all(), viseme_h5_all(),
                    viseme_h5_default(), $0.baseAddress
                ),
                "write \(child(name))")
        }
        return dataset
    }

    /// UTF-8 texts of variable length. An empty shape is a single text.
    @discardableResult
    package func write(_ name: String, _ texts: [String], shape: [Int]) throws -> HDF5Dataset {
        let type = try textType.get()
        let dataset = try makeDataset(name, type, shape, texts.count)
        try withCStrings(texts) { pointers in
            try check(
                H5Dwrite(
                    dataset.id, type, viseme_h5_all(), viseme_h5_all(), viseme_h5_default(),
                    pointers),
                "write \(child(name))")
        }
        return dataset
    }

    /// Room for bytes, row-major, that somebody else writes: see `ReservedBytes`.
    @discardableResult
    package func reserve(_ name: String, shape: [Int]) throws -> HDF5Dataset {
        try makeDataset(name, viseme_h5_uint8(), shape, shape.reduce(1, *))
    }

    package func setAttribute(_ name: String, _ text: String) throws {
        try HDF5Attributes(id: id, path: path).write(name, text)
    }

    /// A list; where it is empty, nothing.
    package func setAttribute(_ name: String, _ texts: [String]) throws {
        if !texts.isEmpty { try HDF5Attributes(id: id, path: path).write(name, texts) }
    }

    package func setAttribute(_ name: String, _ number: Int) throws {
        try HDF5Attributes(id: id, path: path).write(name, number)
    }

    package func setAttribute(_ name: String, _ number: Double) throws {
        try HDF5Attributes(id: id, path: path).write(name, number)
    }

    private func makeDataset(
        _ name: String, _ type: hid_t, _ shape: [Int], _ count: Int, plain: Bool = false
    ) throws -> HDF5Dataset {
        precondition(
            shape.reduce(1, *) == count, "\(child(name)): \(shape) does not hold \(count) values")
        let dimensions = shape.map { hsize_t($0) }
        let space = try check(
            shape.isEmpty
                ? H5Screate(H5S_SCALAR) : H5Screate_simple(Int32(shape.count), dimensions, nil),
            "shape \(child(name))")
        defer { H5Sclose(space) }
        let creation = try check(H5Pcreate(viseme_h5_dataset_create()), "make \(child(name))")
        defer { H5Pclose(creation) }
        try check(H5Pset_obj_track_times(creation, false), "leave times out")
        if plain { try check(H5Pset_dset_no_attrs_hint(creation, true), "leave attributes out") }
        let made = H5Dcreate2(
            id, name, type, space, viseme_h5_default(), creation, viseme_h5_default())
        return HDF5Dataset(
            id: try check(made, "make \(child(name))"), path: child(name), file: file)
    }

    // MARK: Reading

    package func has(_ name: String) -> Bool {
        H5Lexists(id, name, viseme_h5_default()) > 0
    }

    package func group(_ name: String) throws -> HDF5Group {
        try refuseDetours(name)
        return HDF5Group(
            id: try check(H5Gopen2(id, name, viseme_h5_default()), "open \(child(name))"),
            path: child(name), file: file
        )
    }

    /// A data set whose numbers lie in this very file.
    package func dataset(_ name: String) throws -> HDF5Dataset {
        try refuseDetours(name)
        return try open(name)
    }

    private func open(_ name: String) throws -> HDF5Dataset {
        let dataset = HDF5Dataset(
            id: try check(H5Dopen2(id, name, viseme_h5_default()), "open \(child(name))"),
            path: child(name), file: file
        )
        try dataset.refuseForeignStorage()
        return dataset
    }

    /// Soft and external links may lead anywhere, to other files too. We write neither.
    private func refuseDetours(_ name: String) throws {
        var info = H5L_info_t()
        try check(H5Lget_info(id, name, &info, viseme_h5_default()), "open \(child(name))")
        guard info.type == H5L_TYPE_HARD else { throw HDF5Group.detour(child(name)) }
    }

    /// More members than this no file of ours has.
    private static let memberLimit = 1 << 20

    /// All members, which are data sets, in the order of the bytes of their names.
    package func datasets() throws -> [(name: String, dataset: HDF5Dataset)] {
        try members().map { ($0, try open($0)) }
    }

    /// Names of all members, in the order of their bytes. None is a link to another place.
    func members() throws -> [String] {
        var info = H5G_info_t()
        try check(H5Gget_info(id, &info), "list \(path)/")
        guard info.nlinks <= HDF5Group.memberLimit else {
            throw HDF5Error(
                action: "list \(path)/",
                reason: "it has \(info.nlinks) members, more than any file of ours")
        }
        var listing = Listing()
        try check(
            H5Literate(
                id, H5_INDEX_NAME, H5_ITER_INC, nil,
                { _, name, info, listing in
                    guard let name, let info,
                        let listing = listing?.assumingMemoryBound(to: Listing.self)
                    else {
                        return -1
                    }
                    if info.pointee.type != H5L_TYPE_HARD {
                        listing.pointee.detour = String(cString: name)
                    }
                    listing.pointee.names.append(String(cString: name))
                    return listing.pointee.names.count > HDF5Group.memberLimit ? -1 : 0
                }, &listing),
            "list \(path)/")
        if let name = listing.detour { throw HDF5Group.detour(child(name)) }
        return listing.names
    }

    private struct Listing {
        var names: [String] = []
        /// A member that is a link to another place.
        var detour: String?
    }

    private static func detour(_ path: String) -> HDF5Error {
        HDF5Error(action: "open \(path)", reason: "it is a link to another place")
    }

    package func text(_ attribute: String) throws -> String {
        try HDF5Attributes(id: id, path: path).text(attribute)
    }

    package func integer(_ attribute: String) throws -> Int {
        try HDF5Attributes(id: id, path: path).integer(attribute)
    }

    package func hasAttribute(_ attribute: String) -> Bool {
        H5Aexists(id, attribute) > 0
    }
}
