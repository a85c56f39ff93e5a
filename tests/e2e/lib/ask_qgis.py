"""Drives QGIS without a screen: what it makes of a server's OGC API, told as JSON.

Standard input: {"url": "http://127.0.0.1:PORT", "keys": {"name": "gz_..."}, "asks": [...], "out": FILE}; each ask has "do" (a function below: "read" or "draw") and
what that function takes. The file gets {"version", "answers"}, in the same order. The folder for QGIS's own files is $HOME.
"""
import json
import os
import sys

from qgis.core import (Qgis, QgsApplication, QgsAuthMethodConfig, QgsCoordinateReferenceSystem, QgsCoordinateTransform, QgsDataSourceUri,
                       QgsFeatureRequest, QgsMapRendererCustomPainterJob, QgsMapSettings, QgsProject, QgsRectangle, QgsVectorLayer,
                       QgsVectorTileLayer, QgsWkbTypes)
from qgis.PyQt.QtCore import QDate, QDateTime, QSize, Qt, QVariant
from qgis.PyQt.QtGui import QColor, QImage, QPainter

said = []


def note(text, tag, level):
    if level != Qgis.Info:
        said.append(f"{tag}: {text}")


def plain(v):
    if isinstance(v, QVariant):
        return None if v.isNull() else v.value()
    if isinstance(v, (QDateTime, QDate)):
        return v.toString(Qt.ISODate)
    return v


def rectangle(r):
    return [r.xMinimum(), r.yMinimum(), r.xMaximum(), r.yMaximum()]


class Programs:
    """The keys, as whoever sits at QGIS enters them: in an authentication configuration "API Header", or "Basic" where there is no other yet (before 3.24)."""

    def __init__(self, keys):
        manager = QgsApplication.authManager()
        self.ids = {}
        if not manager.setMasterPassword("only for this test", True):
            raise SystemExit("QGIS cannot keep keys: its plug-ins for ciphers are missing")
        for name, key in keys.items():
            config = QgsAuthMethodConfig("APIHeader" if "APIHeader" in manager.authMethodsKeys() else "Basic")
            config.setName(name)
            if config.method() == "APIHeader":
                config.setConfig("Authorization", f"Bearer {key}")
            else:
                config.setConfigMap({"username": name, "password": key})
            if not manager.storeAuthenticationConfig(config)[0]:
                raise SystemExit("QGIS does not take the key")
            self.ids[name] = config.id()


def vector(ask, url, programs):
    uri = QgsDataSourceUri()
    uri.setParam("url", f"{url}/ogc")
    uri.setParam("typename", ask["collection"])
    uri.setParam("pagingEnabled", "true")
    if "page" in ask:
        uri.setParam("pageSize", str(ask["page"]))
    if ask.get("near"):
        uri.setParam("restrictToRequestBBOX", "1")
    if ask.get("key"):
        uri.setAuthConfigId(programs.ids[ask["key"]])
    layer = QgsVectorLayer(uri.uri(False), ask["collection"], "OAPIF")
    if "where" in ask and layer.isValid():
        layer.setSubsetString(ask["where"])
    return layer


def tile_layer(ask, url, programs):
    source = f"type=xyz&url={url}{ask['path']}&zmin=0&zmax={ask.get('zmax', 14)}"
    if ask.get("key"):
        source += f"&authcfg={programs.ids[ask['key']]}"
    return QgsVectorTileLayer(source, "tiles")


def feature(f, to):
    g = f.geometry()
    told = {"attributes": {name: plain(v) for name, v in zip(f.fields().names(), f.attributes())}, "geometry": None}
    if not g.isNull():
        if to:
            g.transform(to)
        told["geometry"] = QgsWkbTypes.displayString(g.wkbType())
        told["at"] = [g.boundingBox().center().x(), g.boundingBox().center().y()]
        told["box"] = rectangle(g.boundingBox())
        told["valid"] = g.isGeosValid()
        told["length"] = g.length()
    return told


def read(ask, url, programs):
    layer = vector(ask, url, programs)
    told = {"valid": layer.isValid(), "error": "" if layer.error().isEmpty() else layer.error().summary()}
    if not layer.isValid():
        return told
    told.update(count=layer.featureCount(), geometry=QgsWkbTypes.displayString(layer.wkbType()), crs=layer.crs().authid(), extent=rectangle(layer.extent()),
                fields={f.name(): f.typeName() for f in layer.fields()}, title=layer.metadata().title(), abstract=layer.metadata().abstract(),
                licences=layer.metadata().licenses())
    request = QgsFeatureRequest()
    if "box" in ask:
        request.setFilterRect(QgsRectangle(*ask["box"])).setFlags(QgsFeatureRequest.ExactIntersect)
    if "filter" in ask:
        request.setFilterExpression(ask["filter"])
    to = QgsCoordinateTransform(layer.crs(), QgsCoordinateReferenceSystem(ask["to"]), QgsProject.instance()) if "to" in ask else None
    all_of_them = [feature(f, to) for f in layer.getFeatures(request)]
    told.update(n=len(all_of_them), features=all_of_them[:ask.get("most", 2000)], kinds=sorted({str(f["geometry"]) for f in all_of_them}))
    return told


def colours(image):
    return len({image.pixel(x, y) for x in range(0, image.width(), 2) for y in range(0, image.height(), 2)})


def picture(layers, box, size, path):
    """Box in degrees; the map is drawn in EPSG:3857, as tiles are."""
    web = QgsCoordinateReferenceSystem("EPSG:3857")
    settings = QgsMapSettings()
    settings.setLayers(layers)
    settings.setDestinationCrs(web)
    settings.setOutputSize(QSize(*size))
    settings.setBackgroundColor(QColor("white"))
    settings.setExtent(QgsCoordinateTransform(QgsCoordinateReferenceSystem("EPSG:4326"), web, QgsProject.instance()).transform(QgsRectangle(*box)))
    image = QImage(QSize(*size), QImage.Format_ARGB32)
    image.fill(Qt.white)
    painter = QPainter(image)
    job = QgsMapRendererCustomPainterJob(settings, painter)
    job.start()
    job.waitForFinished()
    painter.end()
    if path:
        image.save(path)
    return {"colours": colours(image), "errors": [e.message for e in job.errors()]}


def draw(ask, url, programs):
    """Top layer first, as in QGIS."""
    layers = [tile_layer(a, url, programs) if "path" in a else vector(a, url, programs) for a in ask["layers"]]
    told = picture(layers, ask["box"], ask.get("size", [800, 600]), ask.get("file"))
    told["valid"] = [layer.isValid() for layer in layers]
    return told


def main():
    want = json.load(sys.stdin)
    app = QgsApplication([], True, os.environ["HOME"])
    app.setPrefixPath("/usr", True)
    app.initQgis()
    app.messageLog().messageReceived.connect(note)
    programs = Programs(want.get("keys", {}))
    answers = []
    for ask in want["asks"]:
        said.clear()
        told = {"read": read, "draw": draw}[ask["do"]](ask, want["url"], programs)
        app.processEvents()
        told["said"] = list(said)
        answers.append(told)
    with open(want["out"], "w", encoding="utf-8") as out:
        json.dump({"version": Qgis.QGIS_VERSION, "answers": answers}, out)
    os._exit(0)  # QGIS's own ending without a window is not what is tested


main()
