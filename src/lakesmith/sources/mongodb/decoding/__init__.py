"""Raw BSON into Arrow: `Decoder(max_fields=500).decode(block)` gives batches, rejects and a count, and loses nothing.

| in a document | in a column |
| --- | --- |
| double, bool, null | double, boolean, null; what is missing is null, too |
| int32, int64 | long |
| string, ObjectId (24 digits), UUID of subtype 4 | string |
| date | timestamp with zone, where it lies in the years 1 to 9999 |
| decimal128 | decimal(38, 9), where that is exact |
| binary of subtype 0 and 2 | binary |
| object, array | struct, list; below 32 levels of them extended JSON |
| all else | canonical MongoDB Extended JSON, in a column of its own beside the field: `<name>__json` |

A column of strings never holds the words for a value of another type: `<name>__json` is marked (`JSON_KEY`), so that it becomes the
sibling that `shape` makes. Fields with values of several kinds make several batches, one for each kind, so that `shape` sees the
type of each. Where the elements of an array do not go together, the array is extended JSON; so are those values of a field that are
not of its most frequent kind where that would make too many batches, and those of parts of the elements of arrays. Whole numbers of up
to 2^53 and doubles go together as doubles. What is missing is null, like null; empty objects and arrays are values.

`_rest` has the fields above `max_fields`, `_as_sent` a document in full of which the columns do not tell all: a name stands twice (the
columns have the last value), or the names of an array are not 0, 1, 2 …. Fields that are really called so go into `_rest`.

Documents are taken apart by patterns that are learned from them, and value by value where none fits. Both ways give the same rows.
"""

from lakesmith.sources.mongodb.decoding.decoder import Decoder
from lakesmith.sources.mongodb.decoding.result import Broken, Decoded

__all__ = ["Broken", "Decoded", "Decoder"]
